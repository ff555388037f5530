import { type Html, html } from '../../html.ts';
import { tile } from '../../parts/tile.ts';

/** An app as the first cell of a row: its door, its name as a link to its page, and a small line below. */
export function appName(app: { id: string; name: string; logo?: string | undefined; below: string }): Html {
  return html`<div class="app-name">${tile(app.name, app.logo)}<div><a href="/console/apps/${encodeURIComponent(app.id)}">${app.name}</a> <small>${app.below}</small></div></div>`;
}
