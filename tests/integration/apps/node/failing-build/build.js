for (let line = 1; line <= 40; line += 1) console.log(`line ${line}`); process.exitCode = 7;
