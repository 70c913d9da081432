// The browser's half of mnist_diffusion.explore.Sheet: a table of images that are buttons, and fill one by one.
// One module without imports, so that it works wherever notebooks do, also without a network.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function render({model, el}) {
  const frame = element('div', {class: 'mnist-sheet'});
  el.append(frame);
  let buttons = [];

  const choose = k => { model.set('chosen', k); model.save_changes(); };
  const mark = () => buttons.forEach((b, k) => b.setAttribute('aria-pressed', k === model.get('chosen')));

  function fill() {  // '': not drawn yet; a data URL; or the reason why there is no image
    model.get('pictures').forEach((picture, k) => {
      const button = buttons[k];
      if (!button || button.shown === picture) return;
      button.shown = picture;
      button.disabled = !picture;
      button.title = picture.startsWith('data:') ? '' : picture;
      const inside = picture.startsWith('data:') ? [element('img', {src: picture, alt: ''})] : picture ? ['✕'] : [];
      button.replaceChildren(...inside);
    });
  }

  function draw() {
    const {names, rows, columns} = model.get('axes');
    const head = element('tr', {}, element('td', {}, `${names[0]} ↓  ${names[1]} →`));
    head.append(...columns.map(c => element('th', {scope: 'col'}, c)));
    const body = element('tbody');
    buttons = [];
    rows.forEach((r, i) => {
      const line = element('tr', {}, element('th', {scope: 'row'}, r));
      columns.forEach((c, j) => {
        const k = i*columns.length + j;
        const button = element('button', {type: 'button', 'aria-label': `${names[0]} ${r}, ${names[1]} ${c}`});
        button.addEventListener('click', () => choose(k));
        button.addEventListener('keydown', e => move(e, i, j, rows.length, columns.length));
        buttons.push(button);
        line.append(element('td', {}, button));
      });
      body.append(line);
    });
    frame.replaceChildren(...(rows.length ? [element('table', {}, element('thead', {}, head), body)] : []));
    fill();
    mark();
  }

  function move(event, i, j, rows, columns) {
    const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const k = Math.min(rows - 1, Math.max(0, i + step[0]))*columns + Math.min(columns - 1, Math.max(0, j + step[1]));
    if (!buttons[k].disabled) { buttons[k].focus(); choose(k); }
  }

  model.on('change:axes', draw);
  model.on('change:pictures', fill);
  model.on('change:chosen', mark);
  draw();
}

export default {render};
