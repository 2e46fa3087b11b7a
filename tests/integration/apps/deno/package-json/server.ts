import is from '@sindresorhus/is';
import debug from 'debug';

const linked = Deno.lstatSync('node_modules/debug').isSymlink;
const handler = () => new Response(`deno ${Deno.version.deno}, ${is(new Map())}, ${typeof debug('a')}, linked ${linked}\n`);

Deno.serve({ port: Number(Deno.env.get('PORT')) }, handler);
