document.querySelector("#made").textContent = `production ${import.meta.env.PROD}`;
