console.log(`rendered by node ${process.versions.node.split('.')[0]}: ${require('ms')('2 days')}`);
