import { existsSync, readFileSync } from 'fs';
import ms from 'ms';

const built: string = readFileSync('built.txt', 'utf8').trim();
const semver = existsSync('node_modules/semver') ? 'there' : 'missing';

Bun.serve({
  port: Number(process.env.PORT),
  fetch: () => new Response(`bun ${Bun.version}, built ${built}, ms says ${ms('1h')}, semver ${semver}\n`),
});
