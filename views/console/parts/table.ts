import { type Content, type Html, html } from '../../html.ts';

/** One column of a table; on a phone its name stands before the value, because each row becomes a card there. */
export type Column<Row> = {
  head: string;
  cell: (row: Row) => Content;
  /**
   * `main` names the row and stands on top of its card, `number` is aligned at its right, `short` never breaks, `end` holds
   * what can be done with the row, `pick` the box that ticks it.
   */
  kind?: 'main' | 'number' | 'short' | 'end' | 'pick';
};

export type TableParts<Row> = {
  /** What the table lists, for those who do not see what is around it. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** A hook for each row: the name of a `data-` attribute and its value. */
  hook?: { name: `data-${string}`; value: (row: Row) => string };
};

/** So many columns need a wide screen to stand side by side: on a tablet their rows are cards too. */
const MANY = 6;

/** A table whose head stays in sight, and whose rows become cards on a phone. */
export function table<Row>({ caption, columns, rows, hook }: TableParts<Row>): Html {
  const heads = columns.map(
    ({ head, kind }) =>
      html`<th role="columnheader" scope="col"${classOf(kind)}>${kind === 'end' || kind === 'pick' ? html`<span class="unseen">${head}</span>` : head}</th>`,
  );
  const body = rows.map(
    (row) =>
      html`<tr role="row"${hook && html` ${hook.name}="${hook.value(row)}"`}>${columns.map((column) => cellOf(column, row))}</tr>\n`,
  );
  return html`<table class="list${columns.length >= MANY && ' many'}" role="table"><caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">${body}</tbody></table>`;
}

function cellOf<Row>({ head, kind, cell }: Column<Row>, row: Row): Html {
  if (kind === 'main') return html`<th role="rowheader" scope="row" class="main-cell">${cell(row)}</th>`;
  if (kind === 'pick') return html`<td role="cell" class="pick-cell">${cell(row)}</td>`;
  return html`<td role="cell"${classOf(kind)}><span class="cell-head" aria-hidden="true">${head}</span><div>${cell(row)}</div></td>`;
}

function classOf(kind: Column<never>['kind']): Html | undefined {
  return kind && html` class="${kind}-cell"`;
}
