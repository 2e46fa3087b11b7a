const { existsSync, readFileSync } = require('fs');
const there = (name) => `${name} ${existsSync(`node_modules/${name}`) ? 'there' : 'missing'}`;

require('http').createServer((request, response) => {
  response.end(`${readFileSync('built.txt', 'utf8').trim()}, ${there('semver')}, ${there('ms')}\n`);
}).listen(process.env.PORT);
