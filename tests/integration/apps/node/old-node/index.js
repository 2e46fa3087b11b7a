const http = require('http');
const ms = require('ms');

function there(name) {
  try { return require.resolve(name) && 'there'; } catch (error) { return 'missing'; }
}

const answer = `${process.version.split('.')[0]}, ms ${ms('1h')}, semver ${there('semver')}`;
http.createServer((request, response) => response.end(answer)).listen(process.env.PORT, '0.0.0.0');
