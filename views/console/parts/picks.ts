import { type Html, html, safeAddress } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';
import { button, form } from '../../parts/form.ts';
import type { ConsoleFrame } from '../shell.ts';
import { type TableParts, table } from './table.ts';

/** How the boxes of a list stand. */
export type Picks = {
  /** Whether the page shows all boxes ticked: its address asks for it by `pick=all`. */
  isAll: boolean;
  /** This page with all boxes ticked, and with none. */
  links: { all: string; none: string };
};

/** What the box of a row says. */
type Box<Row> = {
  /** Its value; the name of all boxes is `app`. */
  value: (row: Row) => string;
  /** What the row is called, for those who hear the box alone. */
  name: (row: Row) => string;
};

/** A list of apps whose rows may be ticked. */
export type PickedApps<Row> = Box<Row> & {
  /** Undefined for whoever decides about none: the list has no boxes then. */
  picks: Picks | undefined;
  /** Where the form goes. */
  action: `/${string}`;
};

/**
 * A table of apps; for whoever decides about them with boxes, and a button (`action` = `decide`, an `app` for each box) that takes
 * those that are ticked along to where one decides.
 */
export function decideTable<Row>(
  frame: ConsoleFrame,
  { picks, action, ...box }: PickedApps<Row>,
  parts: TableParts<Row>,
): Html {
  if (!picks) return table<Row>(parts);
  const label = translate(frame.language)('decisions.decide-picked');
  const decide = button({ id: 'decide', value: 'decide', label, look: 'other' });
  const boxes = pickTable<Row>(frame.language, { ...box, ...picks }, parts);
  return form(frame, html`${boxes}<p class="choices">${decide}</p>`, action);
}

/**
 * A table with a box before each row, to stand in a form whose buttons do something with all that are ticked. To tick all
 * that are shown is a link, so that it works without any script.
 */
function pickTable<Row>(language: Language, picking: Box<Row> & Picks, parts: TableParts<Row>): Html {
  const t = translate(language);
  const box = (row: Row): Html =>
    html`<label class="pick"><input type="checkbox" name="app" value="${picking.value(row)}"${picking.isAll && html` checked`}><span class="unseen">${t('console.pick-one', { name: picking.name(row) })}</span></label>`;
  const { links, isAll } = picking;
  const all = safeAddress(isAll ? links.none : links.all) ?? '#';
  return html`<p class="pick-all"><a href="${all}" id="pick-${isAll ? 'none' : 'all'}">${t(isAll ? 'console.pick-none' : 'console.pick-all')}</a></p>
${table<Row>({ ...parts, columns: [{ head: t('console.pick'), kind: 'pick', cell: box }, ...parts.columns] })}`;
}
