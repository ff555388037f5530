/**
 * How far this app has come from accounts of its own, as its agency says on Lawang's console.
 *
 * What was heard last holds while Lawang does not answer: the app's own sign-in never stops for it.
 */
import { createHash } from 'node:crypto';

const stages = ['shadow', 'optional', 'default', 'required', 'off'];

/** Whether a person is among the share for whom the stage holds already. The key is what the app knows the person by. */
export function inCohort(clientId, key, percentage) {
  const number = createHash('sha256').update(`${clientId}\n${key}`).digest().readUInt32BE();
  return number * 100 < percentage * 2 ** 32;
}

/** Who is not in the share is one stage before; before the first there is none, as if the app were not connected. */
export function stageFor({ client_id: clientId, stage, percentage }, key) {
  return inCohort(clientId, key, percentage) ? stage : stages[stages.indexOf(stage) - 1];
}

/**
 * Follows the stage of an app; `followed.of(key)` is the stage of one person.
 *
 * @param first what holds until Lawang has answered for the first time
 */
export function followStage(issuer, clientId, { first = { stage: 'shadow', percentage: 0 }, everySeconds = 5 } = {}) {
  const address = new URL(`/apps/${encodeURIComponent(clientId)}/migration`, issuer);
  let known = { client_id: clientId, ...first };
  let etag = '';
  let askedAt = 0;

  async function ask() {
    askedAt = Date.now();
    try {
      const answer = await fetch(address, { headers: { 'if-none-match': etag }, signal: AbortSignal.timeout(2_000) });
      if (answer.status !== 200) return;
      known = await answer.json();
      etag = answer.headers.get('etag') ?? '';
    } catch {
      // Lawang is away: what was heard last holds.
    }
  }

  return {
    async of(key) {
      if (Date.now() - askedAt >= everySeconds * 1_000) await ask();
      return stageFor(known, key);
    },
  };
}
