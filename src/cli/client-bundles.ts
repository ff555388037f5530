/** `lawang clients bundle|receive`: an app as a signed bundle, from one deployment to another. */
import { readFile } from 'node:fs/promises';
import { readConfig } from '#src/base/config.ts';
import { createVerifyBundle, signBundle } from '#src/oidc/bundles.ts';
import { listRotatingKeys } from '#src/oidc/key-rotation.ts';
import { SigningKey } from '#src/oidc/signing-keys.ts';
import { applyBundle, composeBundle, findBundle, receiveBundle } from '#src/registry/bundles.ts';
import { type Command, OutOfPlace, WrongInput } from './command.ts';
import { withSecrets } from './open.ts';

export const bundleClient: Command = {
  usage: 'ID [--for ISSUER]',
  operands: { min: 1, max: 1 },
  options: { for: { type: 'string' } },
  summary:
    'print an app and the evidence of its trial as a bundle, signed for one deployment (BUNDLE_RECEIVER); secrets stay here',
  run: async ({ operands: [clientId = ''], options, environment }) => {
    const config = readConfig(environment);
    const audience = typeof options.for === 'string' ? readIssuer(options.for) : config.bundleReceiver;
    if (audience === undefined)
      throw new WrongInput('--for is missing, and BUNDLE_RECEIVER too: for which deployment?');
    const bundle = await withSecrets(config, async (database, { wrap }) => {
      const content = await composeBundle(database, clientId);
      const keys = (await listRotatingKeys(database, wrap)).filter(
        ({ purpose, state }) => purpose === 'signing' && state === 'active',
      );
      return signBundle({ signing: keys.map((key) => new SigningKey(key)) }, config, { audience, content });
    });
    return { data: { client_id: clientId, for: audience, bundle }, text: bundle };
  },
};

export const receiveClient: Command = {
  usage: 'FILE',
  operands: { min: 1, max: 1 },
  summary: 'take an app over from a bundle of a deployment that BUNDLE_SENDERS names; what is risky waits for approval',
  run: async ({ operands: [file = ''], environment }) => {
    const config = readConfig(environment);
    const signed = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new OutOfPlace(`The file ${file} cannot be read (${error.code}).`);
    });
    const bundle = await createVerifyBundle(config)(signed.trim());
    const changed = await withSecrets(config, (database, secrets) =>
      database.transaction(async (tx) => {
        await receiveBundle(tx, bundle);
        const received = await findBundle(tx, bundle.id);
        if (!received) throw new OutOfPlace('The bundle is over.');
        return applyBundle(tx, secrets, received, { actor: 'command', mode: config.mode });
      }),
    );
    const { clientId, outcome, number, client } = changed;
    return {
      data: { client_id: clientId, outcome, version: number, state: client.state, from: bundle.issuer },
      text: `${clientId}: ${outcome}, version ${number}, ${client.state}.`,
    };
  },
};

function readIssuer(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new WrongInput(`--for is an issuer such as https://masuk.contoh.go.id, not ${text}.`);
  return url.origin;
}
