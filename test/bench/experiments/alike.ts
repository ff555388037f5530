import { setAccountState } from '#test/support/account-state.ts';
import { type App, appAt, authorizePath, signInScope, unexpected } from '../apps.ts';
import { Browser } from '../browser.ts';
import type { Fact, Finding } from '../experiments.ts';
import { HttpConnection } from '../http-connection.ts';
import { type Load, quantile } from '../measure.ts';
import { password } from '../people.ts';
import { hiddenFields } from '../targets.ts';
import type { World } from '../world.ts';

/** Somebody who is refused, and with which password. */
interface Refused {
  readonly kind: string;
  readonly identifier: string;
  readonly password: string;
}

/** Rounds per second of load that was asked for: a try takes some tens of milliseconds. */
const ROUNDS_PER_SECOND = 10;

/**
 * Whether the time of a refused password tells who has an account (NIST SP 800-63B-4 §3.1.1.2): one try after the other,
 * every kind in each round, the order turned each time. What the tests cannot say, since they compare no times.
 */
export async function alike(world: World, load: Load): Promise<Finding> {
  await using server = await world.startLawang();
  const refused = await listRefused(world);
  const connection = await HttpConnection.open(server.port);
  const times = new Map(refused.map(({ kind }) => [kind, [] as number[]]));
  try {
    for (let round = 0; round < Math.max(20, load.seconds * ROUNDS_PER_SECOND); round += 1)
      for (const [n] of refused.entries()) {
        const one = refused[(n + round) % refused.length] as Refused;
        times.get(one.kind)?.push(await timeOf(connection, server.origin, appAt(1), one));
      }
  } finally {
    connection.close();
  }
  return { facts: factsOf(times), complaints: [] };
}

async function listRefused({ database, people }: World): Promise<Refused[]> {
  const [usual, disabled, frozen] = people;
  if (!usual || !disabled || !frozen) throw new Error('too few people');
  await setAccountState(database, disabled.accountId, 'disabled');
  await setAccountState(database, frozen.accountId, 'frozen');
  const wrong = 'bukan kata sandinya';
  return [
    { kind: 'wrong', identifier: usual.identifier, password: wrong },
    { kind: 'unknown', identifier: 'tidak-ada@contoh.id', password: wrong },
    { kind: 'disabled, right password', identifier: disabled.identifier, password },
    { kind: 'frozen, wrong password', identifier: frozen.identifier, password: wrong },
  ];
}

/** From the press to the whole answer, in milliseconds. */
async function timeOf(connection: HttpConnection, origin: string, app: App, { identifier, ...typed }: Refused) {
  const browser = new Browser(connection, origin);
  const begun = await browser.get(authorizePath(app, signInScope));
  const path = begun.location?.replace(origin, '') ?? '';
  const form = hiddenFields((await browser.get(path)).body);
  form.set('action', 'sign-in');
  form.set('identifier', identifier);
  form.set('password', typed.password);
  const started = process.hrtime.bigint();
  const answer = await browser.post(path, form);
  const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
  if (answer.status !== 422) throw unexpected('a refused password', answer);
  return milliseconds;
}

function factsOf(times: ReadonlyMap<string, number[]>): Fact[] {
  const medians = [...times].map(([kind, all]) => ({
    kind,
    median: quantile(
      all.toSorted((a, b) => a - b),
      0.5,
    ),
  }));
  const all = medians.map(({ median }) => median);
  return [
    ...medians.map(({ kind, median }) => ({ name: `${kind}, p50`, value: median, unit: 'ms' })),
    { name: 'slowest over fastest', value: Math.max(...all) / Math.min(...all), unit: 'x' },
  ];
}
