import { type Html, html, safeAddress } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';
import { type TableParts, table } from './table.ts';

/** What a list needs for its boxes. */
export type Picking<Row> = {
  /** The value of the row's box, whose name is `app`. */
  value: (row: Row) => string;
  /** What the row is called, for those who hear the box alone. */
  name: (row: Row) => string;
  /** Whether the page shows all boxes ticked: its address asks for it by `pick=all`. */
  isAll: boolean;
  /** This page with all boxes ticked, and with none. */
  links: { all: string; none: string };
};

/**
 * A table with a box before each row, to stand in a form whose buttons do something with all that are ticked. To tick all
 * that are shown is a link, so that it works without any script.
 */
export function pickTable<Row>(language: Language, picking: Picking<Row>, parts: TableParts<Row>): Html {
  const t = translate(language);
  const box = (row: Row): Html =>
    html`<label class="pick"><input type="checkbox" name="app" value="${picking.value(row)}"${picking.isAll && html` checked`}><span class="unseen">${t('console.pick-one', { name: picking.name(row) })}</span></label>`;
  const { links, isAll } = picking;
  const all = safeAddress(isAll ? links.none : links.all) ?? '#';
  return html`<p class="pick-all"><a href="${all}" id="pick-${isAll ? 'none' : 'all'}">${t(isAll ? 'console.pick-none' : 'console.pick-all')}</a></p>
${table<Row>({ ...parts, columns: [{ head: t('console.pick'), kind: 'pick', cell: box }, ...parts.columns] })}`;
}
