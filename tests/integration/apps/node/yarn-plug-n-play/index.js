const { existsSync, readdirSync } = require('fs');
const zips = readdirSync('.yarn/cache').filter((name) => name.endsWith('.zip'));

require('http').createServer((request, response) => {
  response.end(`ms says ${require('ms')('1h')}, node_modules ${existsSync('node_modules')}, ${zips.length} zip\n`);
}).listen(process.env.PORT);
