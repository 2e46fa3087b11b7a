const fs = require('fs');
const http = require('http');

function there(name) {
  try { return require.resolve(name) && 'there'; } catch { return 'missing'; }
}

const answer = `at build: ${fs.readFileSync('seen', 'utf8')}, semver ${there('semver')}`;
http.createServer((request, response) => response.end(answer)).listen(process.env.PORT, '0.0.0.0');
