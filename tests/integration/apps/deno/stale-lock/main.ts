import { Hono } from 'hono';
import ms from 'npm:ms@2.1.3';

const app = new Hono();
const built: string = Deno.readTextFileSync('built.txt').trim();
const { state } = await Deno.permissions.query({ name: 'run' });

app.get('/', (c) => c.text(`deno ${Deno.version.deno}, ${built}, ms says ${ms('1h')}, may run programs: ${state}\n`));

Deno.serve(app.fetch);
