'use strict';
const express = require('express');

const app = express();

app.get('/', (request, response) => {
  response.type('text').send(`Hello from Node.js ${process.version}\n`);
});

app.listen(process.env.PORT || 5000, '0.0.0.0');
