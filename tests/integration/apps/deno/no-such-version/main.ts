Deno.serve(() => new Response(''));
