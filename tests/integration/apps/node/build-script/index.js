const fs = require('fs');
const http = require('http');

function there(name) {
  try { return require.resolve(name) && 'there'; } catch { return 'missing'; }
}

const answer = `${fs.readFileSync('dist/text', 'utf8')}, semver ${there('semver')}, ms ${there('ms')}`;
http.createServer((request, response) => response.end(answer)).listen(process.env.PORT, '0.0.0.0');
