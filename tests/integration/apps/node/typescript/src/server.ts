import { existsSync } from 'fs';
import { createServer } from 'http';
import ms from 'ms';

const hour: number = ms('1h');

createServer((_, response) => {
  response.end(`compiled, an hour is ${hour}, compiler ${existsSync('node_modules/typescript') ? 'there' : 'gone'}\n`);
}).listen(Number(process.env.PORT));
