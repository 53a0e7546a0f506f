// Sorting and filtering of tables that are whole without it.
'use strict';
(() => {
  const key = (row, column) => row.cells[column] ? row.cells[column].dataset.sort || '' : '';
  // Numbers before text, what is missing last in both directions; a number and a text are never compared as text.
  const compare = (a, b, sign) => {
    if (a === '' || b === '') return (a === '') - (b === '');
    const x = Number(a), y = Number(b);
    if (!Number.isNaN(x) && !Number.isNaN(y)) return sign * (x - y);
    if (Number.isNaN(x) !== Number.isNaN(y)) return sign * (Number.isNaN(x) ? 1 : -1);
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  };
  const sort = (table, column) => {
    const headers = table.tHead.rows[0].cells;
    const sign = headers[column].getAttribute('aria-sort') === 'ascending' ? -1 : 1;
    for (const header of headers) header.setAttribute('aria-sort', 'none');
    headers[column].setAttribute('aria-sort', sign === 1 ? 'ascending' : 'descending');
    for (const body of table.tBodies) {  // controls and ceiling stay below their rule
      const rows = [...body.rows].map((row, index) => ({ row, index, key: key(row, column) }));
      rows.sort((a, b) => compare(a.key, b.key, sign) || a.index - b.index);
      body.append(...rows.map(entry => entry.row));
    }
  };
  const addSorting = table => {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = header.textContent;
      button.addEventListener('click', () => sort(table, column));
      header.replaceChildren(button);
      header.setAttribute('aria-sort', 'none');
    });
  };
  const addFilter = (table, region) => {
    const label = document.createElement('label'), input = document.createElement('input');
    label.className = 'filter';
    label.textContent = 'Show rows with';
    input.type = 'search';
    input.setAttribute('aria-controls', table.id);
    input.addEventListener('input', () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const body of table.tBodies) {
        for (const row of body.rows) {
          const text = row.textContent.toLowerCase();
          row.hidden = !words.every(word => text.includes(word));
        }
      }
    });
    label.append(input);
    region.before(label);
  };
  for (const table of document.querySelectorAll('table[data-sortable]')) {
    addSorting(table);
    if ([...table.tBodies].reduce((sum, body) => sum + body.rows.length, 0) > 3) addFilter(table, table.parentElement);
  }
})();
