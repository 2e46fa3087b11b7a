const http = require('http');

http.createServer((request, response) => response.end(`one file on ${process.version}`)).listen(process.env.PORT, '0.0.0.0');
