// Counts down on the code page: how long the code lives, and when another one may be asked for. Without this script
// the page says both once, and the server holds to them.

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

function countDown(seconds, show) {
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    show(left);
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
}

const timeLeft = document.getElementById('time-left');
if (timeLeft) {
  countDown(Number(timeLeft.dataset.seconds), (left) => {
    timeLeft.textContent = left > 0 ? timeLeft.dataset.minutes.replace('#', clock(left)) : timeLeft.dataset.gone;
  });
}

const resend = document.querySelector('[data-resend-in]');
if (resend) {
  const buttons = [...resend.querySelectorAll('button')];
  const first = buttons[0].querySelector('span');
  const label = first.textContent;
  countDown(Number(resend.dataset.resendIn), (left) => {
    for (const button of buttons) button.disabled = left > 0;
    first.textContent = left > 0 ? resend.dataset.wait.replace('#', left) : label;
  });
}
