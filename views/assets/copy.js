// Puts what is shown once, or has to be typed without a mistake, on the clipboard. Without this script, and on pages that no
// browser trusts with a clipboard, there is no button and one selects it by hand.

if (navigator.clipboard)
  for (const place of document.querySelectorAll('[data-copies]')) {
    const { copies, copy, copied } = place.dataset;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button other';
    button.textContent = copy;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(document.getElementById(copies).textContent);
      button.textContent = copied;
    });
    place.append(button);
  }
