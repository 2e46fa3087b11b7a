require('http').createServer((request, response) => {
  response.end(`${require('greet')()}\n`);
}).listen(process.env.PORT);
