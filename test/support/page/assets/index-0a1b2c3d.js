document.querySelector('#root').textContent = `This is ${location.pathname}`;
