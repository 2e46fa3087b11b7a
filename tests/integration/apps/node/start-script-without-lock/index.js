const http = require('http');
const ms = require('ms');

function there(name) {
  try { return require.resolve(name) && 'there'; } catch { return 'missing'; }
}

const answer = `ms says ${ms('1h')}, ${process.env.NODE_ENV}, semver ${there('semver')}`;
http.createServer((request, response) => response.end(answer)).listen(process.env.PORT, '0.0.0.0');
