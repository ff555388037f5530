/** Apps as signed bundles, which go from one deployment to another: `lawang clients export --bundle`, and `apply` of such a file. */
import { readFile } from 'node:fs/promises';
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { createVerifyBundle, signBundle } from '#src/oidc/bundles.ts';
import { listRotatingKeys } from '#src/oidc/key-rotation.ts';
import { SigningKey } from '#src/oidc/signing-keys.ts';
import { applyBundle, composeBundle, findBundle, receiveBundle, type VerifiedBundle } from '#src/registry/bundles.ts';
import type { Applied } from '#src/registry/registrations.ts';
import { OutOfPlace, type Report, WrongInput } from './command.ts';
import { withSecrets } from './open.ts';

/** Signs an app with the evidence of its trial, for the deployment named or that of `BUNDLE_RECEIVER`. */
export async function exportBundle(config: Config, clientId: string, receiver: unknown): Promise<Report> {
  const audience = typeof receiver === 'string' ? readIssuer(receiver) : config.bundleReceiver;
  if (audience === undefined) throw new WrongInput('--for is missing, and BUNDLE_RECEIVER too: for which deployment?');
  const bundle = await withSecrets(config, async (database, { wrap }) => {
    const content = await composeBundle(database, clientId);
    const keys = (await listRotatingKeys(database, wrap)).filter(
      ({ purpose, state }) => purpose === 'signing' && state === 'active',
    );
    return signBundle({ signing: keys.map((key) => new SigningKey(key)) }, config, { audience, content });
  });
  return { data: { client_id: clientId, for: audience, bundle }, text: bundle };
}

/** A file with a bundle whose signature, sender and time have been found right. */
export interface BundleFile {
  readonly file: string;
  readonly bundle: VerifiedBundle;
}

/**
 * Reads those of the files that are bundles. The others are for whoever reads registrations, also to say what is wrong.
 *
 * @throws {Refusal} `bundle_refused`, `bundle_over`, `bundle_sender_silent`
 */
export async function readBundleFiles(
  config: Config,
  files: readonly string[],
): Promise<{ readonly bundles: readonly BundleFile[]; readonly others: readonly string[] }> {
  const verify = createVerifyBundle(config);
  const bundles: BundleFile[] = [];
  const others: string[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (isSigned(text.trim())) bundles.push({ file, bundle: await verify(text.trim()) });
    else others.push(file);
  }
  return { bundles, others };
}

/** Whether it has the shape of a compact JWS (RFC 7515 §7.1). */
function isSigned(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** Takes the app of a bundle over: a new one becomes a draft, what is risky of another waits for approval. */
export function applyBundleFile(
  database: Database,
  secrets: Secrets,
  { file, bundle }: BundleFile,
  { mode }: Pick<Config, 'mode'>,
): Promise<Applied> {
  return database.transaction(async (tx) => {
    await receiveBundle(tx, bundle);
    const received = await findBundle(tx, bundle.id);
    if (!received) throw new OutOfPlace('The bundle is over.');
    const { clientId, outcome, client } = await applyBundle(tx, secrets, received, { actor: 'command', mode });
    return { file, clientId, outcome: outcome === 'applied' ? 'updated' : outcome, state: client.state };
  });
}

function readIssuer(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new WrongInput(`--for is an issuer such as https://masuk.contoh.go.id, not ${text}.`);
  return url.origin;
}
