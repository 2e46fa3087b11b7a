const http = require('http');
const ms = require('ms');

function there(name) {
  try { return require.resolve(name) && 'there'; } catch { return 'missing'; }
}

const answer = `ms is the real one: ${ms('1h')}; leftover ${there('leftover')}`;
http.createServer((request, response) => response.end(answer)).listen(process.env.PORT, '0.0.0.0');
