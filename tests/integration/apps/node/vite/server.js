import { existsSync, readdirSync, readFileSync } from 'fs';
import { createServer } from 'http';

const bundle = readdirSync('dist/assets').find((name) => /^index-.+\.js$/.test(name));
const page = readFileSync('dist/index.html', 'utf8');
const text = readFileSync(`dist/assets/${bundle}`, 'utf8');

createServer((request, response) => {
  const named = page.includes(`/assets/${bundle}`) ? 'names its bundle' : 'names another';
  response.end(`the page ${named}, which says ${/built at \w+ time/.exec(text)}, vite ${existsSync('node_modules/vite')}\n`);
}).listen(process.env.PORT);
