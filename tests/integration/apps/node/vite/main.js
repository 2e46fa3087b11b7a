document.querySelector('#app').textContent = `built at ${import.meta.env.MODE} time`;
