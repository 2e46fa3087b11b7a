const { existsSync, readFileSync } = require('fs');
const order = readFileSync('order.txt', 'utf8').trim().split('\n').join(', ');
const there = (name) => `${name} ${existsSync(`node_modules/${name}`) ? 'there' : 'missing'}`;

require('http').createServer((request, response) => {
  response.end(`${order}; ms says ${require('ms')('1h')}, ${there('semver')}\n`);
}).listen(process.env.PORT);
