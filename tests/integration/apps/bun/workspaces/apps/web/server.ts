import { existsSync, readFileSync } from 'fs';
import { greet } from 'greet';
import { version } from 'ms/package.json';

const built = readFileSync('built.txt', 'utf8').trim();
const semver = existsSync('node_modules/semver') ? 'there' : 'missing';

Bun.serve({
  port: Number(process.env.PORT),
  fetch: () => new Response(`${greet()}, ms ${version}, built ${built}, semver ${semver}\n`),
});
