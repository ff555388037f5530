/** Who plays in the stories of a takeover: an owner with apps that know them, and whoever wants to be them. */
import { expect, vi } from 'vitest';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages, type SentMessage } from '#src/people/messages.ts';
import { answerOf } from '#test/oidc/flows.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, password, type World } from '#test/support/world.ts';

/** Somebody with an account; what they have not made is not there. */
export interface Owner {
  readonly id: string;
  readonly mail: string;
  /** Signs in as well, and was added in the owner's browser. */
  readonly phone: string;
  readonly browser: BrowserAgent;
  /** Under which number each app knows them. */
  readonly subs: readonly string[];
  /** Holds a passkey that is synchronised with the owner's other devices, unless there is none. */
  readonly device: SoftwareAuthenticator;
  /** The printed sheet. */
  readonly codes: readonly string[];
}

/** How somebody answers a sign-in page. */
export type Way = (page: Page) => Promise<Page>;

let made = 0;

/** Lets time pass for everybody. */
export function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

export const DAY = 24 * 3600;

export class Cast {
  readonly #world: World;
  readonly #apps: readonly RelyingParty[];

  private constructor(world: World, apps: readonly RelyingParty[]) {
    this.#world = world;
    this.#apps = apps;
  }

  static async open(world: World): Promise<Cast> {
    const scope = 'openid profile email phone offline_access';
    return new Cast(world, [await world.app(), await world.app({ clientId: 'pajak-daerah', scope })]);
  }

  /** An owner who has used the account for two days, with what they have set up on its pages. */
  async owner({ passkey = false, sheet = false } = {}): Promise<Owner> {
    made += 1;
    const mail = `pemilik-${made}@contoh.id`;
    const phone = `+6281388${10_000 + made}`;
    const id = await this.#world.citizen(mail, { name: 'Sari Pemilik', password });
    pass(DAY);
    const browser = this.#world.browser();
    const device = new SoftwareAuthenticator({ synced: true });
    const page = await byPassword(mail)(await this.visit(browser, '/account/contacts'));
    const asked = await page.fill({ address: phone }).tick('signs-in').press('#add');
    await asked.fill({ code: await this.codeTo(phone) }).press('#continue');
    if (passkey) await this.addPasskey(browser, device);
    const codes = sheet ? await this.#printSheet(browser) : [];
    const subs = await this.enter(browser, byPassword(mail));
    pass(2 * DAY);
    return { id, mail, phone, browser, device, codes, subs };
  }

  visit(browser: BrowserAgent, path: string): Promise<Page> {
    return browser.visit(`${this.#world.issuer}${path}`);
  }

  /** Adds a passkey on the account page of whoever has just signed in. */
  async addPasskey(browser: BrowserAgent, device: SoftwareAuthenticator): Promise<Page> {
    const account = await this.visit(browser, '/account');
    const credential = device.create(account.json('#passkey-options'), { origin: this.#world.issuer });
    return account.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
  }

  async #printSheet(browser: BrowserAgent): Promise<string[]> {
    const sheet = await (await this.visit(browser, '/account/recovery-codes')).press('#make');
    await sheet.press('#kept');
    return sheet.texts('.recovery-code');
  }

  /** Opens every app. @returns the number under which each of them knows who came */
  async enter(browser: BrowserAgent, way: Way): Promise<string[]> {
    const subs: string[] = [];
    for (const app of this.#apps) {
      const attempt = await app.startSignIn();
      const page = await browser.visit(attempt.url);
      const arrived = await allow(page.has('#sign-in') ? await way(page) : page);
      subs.push((await app.finishSignIn(attempt, arrived)).claims()?.sub ?? '');
    }
    return subs;
  }

  /** The sign-in page of an app. */
  async signInPage(browser: BrowserAgent): Promise<Page> {
    const [app] = this.#apps;
    return browser.visit((await (app as RelyingParty).startSignIn()).url);
  }

  /** The page that asks for a code, after one was asked for. */
  async askForCode(browser: BrowserAgent, address: string): Promise<Page> {
    return (await this.signInPage(browser)).fill({ identifier: address }).press('#send-code');
  }

  /** The first page of a recovery, answered with a contact. */
  async recover(browser: BrowserAgent, contact: string): Promise<Page> {
    const page = await (await this.signInPage(browser)).follow('#recover');
    return page.fill({ identifier: contact }).press('#continue');
  }

  /** A contact proven in a recovery, by whoever reads its messages. */
  async proveInRecovery(browser: BrowserAgent, contact: string): Promise<Page> {
    const page = await this.recover(browser, contact);
    return page.fill({ code: await this.codeTo(contact) }).press('#continue');
  }

  /** Newest first. */
  sentTo(address: string): Promise<SentMessage[]> {
    const to = parseIdentifier(address);
    if (!to) throw new Error(`${address} is no address`);
    pass(1);
    return listMessages(this.#world.database, this.#world.house.secrets, { to, limit: 100 });
  }

  /** The newest code that was sent; nothing where there is none. */
  async codeTo(address: string): Promise<string> {
    return (await this.sentTo(address)).find(({ code }) => code)?.code ?? '';
  }

  /** Whether the newest message has a code in it, or anything that looks like one. */
  async newestHasCode(address: string): Promise<boolean> {
    const [newest] = await this.sentTo(address);
    return newest?.code !== undefined || /\b\d{6}\b/.test(newest?.text ?? '');
  }

  /** Everything that an attack must leave as it was: each way in and back, each sign-in, each consent. */
  async traceOf({ id }: Pick<Owner, 'id'>): Promise<Record<string, unknown>> {
    const read = async (table: string, columns: string) => [
      table,
      await this.#world.database.query(`select ${columns} from ${table} where account_id = $1 order by 1, 2`, [id]),
    ];
    const kept = Object.entries({
      passwords: 'hash, set_at',
      passkeys: 'credential_id, label',
      totp_keys: 'sealed, confirmed_at',
      recovery_codes: 'hash, used_at',
      contacts: 'value_index, is_identifier, confirmed_at',
      recoveries: 'id, state',
      sessions: 'uid, account_id',
      grants: 'id, account_id',
      consents: 'id, ended_at',
    }).map(([table, columns]) => read(table, columns));
    const account = await this.#world.database.first('select state, restricted_at from accounts where id = $1', [id]);
    return { account, ...Object.fromEntries(await Promise.all(kept)) };
  }

  /** No session, no page of the owner's, and no app that would let them in without asking. */
  async expectOutside(thief: BrowserAgent, { mail }: Pick<Owner, 'mail'>): Promise<void> {
    const page = await this.visit(thief, '/account');
    expect(page.has('#sign-in')).toBe(true);
    expect(page.html).not.toContain(mail);
    for (const app of this.#apps) {
      const { url } = await app.startSignIn({ prompt: 'none' });
      expect(answerOf(await thief.visit(url)).get('error')).toBe('login_required');
    }
  }

  /** Plays an attack: afterwards nothing of the owner's has changed, and the thief is nobody. */
  async attack(owner: Owner, play: (thief: BrowserAgent) => Promise<void>, thief = this.#world.browser()) {
    await this.#world.database.settle();
    const before = await this.traceOf(owner);
    await play(thief);
    await this.#world.database.settle();
    expect(await this.traceOf(owner)).toEqual(before);
    await this.expectOutside(thief, owner);
  }

  /** Afterwards the owner gets in, in a browser that nobody has seen before, and every app knows who it is. */
  async expectAtHome({ subs }: Owner, way: Way): Promise<void> {
    expect(await this.enter(this.#world.browser(), way)).toEqual(subs);
  }
}

export function byPassword(identifier: string, secret = password): Way {
  return (page) => page.fill({ identifier, password: secret }).press('#sign-in');
}

export function byPasskey(device: SoftwareAuthenticator, forged: object = {}): Way {
  return (page) => {
    const credential = device.get(page.json('#passkey-options'), { origin: page.url.origin, ...forged });
    return page.fill({ credential: JSON.stringify(credential) }).press('#passkey');
  };
}

/** Tries codes for as long as the page takes any: none of them may be right. */
export async function guessCodes(page: Page): Promise<void> {
  for (let guess = 0; guess < 6; guess += 1) {
    const refused = await page.fill({ code: String(guess * 111_111).padStart(6, '0') }).press('#continue');
    expect(refused.status).toBe(422);
  }
}
