import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ListenError, listen } from '#src/base/http-server.ts';

const host = '127.0.0.1';
const advice = 'set PORT to a free port';

function ask(port: number, agent?: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host, port, agent }, resolve).once('error', reject);
  });
}

test('a taken port is told in one sentence, with what to do', async () => {
  const first = await listen((_, response) => response.end(), { host, port: 0, advice });
  const second = listen((_, response) => response.end(), { host, port: first.port, advice });
  await expect(second).rejects.toThrow(ListenError);
  await expect(second).rejects.toThrow(
    `Port ${first.port} on 127.0.0.1 is taken by another program: stop that one, or set PORT to a free port.`,
  );
  await first.close();
});

test('an address that this machine does not have is told in one sentence', async () => {
  const listening = listen((_, response) => response.end(), { host: '192.0.2.1', port: 0, advice });
  await expect(listening).rejects.toThrow('This machine has no address 192.0.2.1: set HOST to one that it has.');
});

test('a request under way is answered, and its connection told to close', async () => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const server = await listen(
    async (_, response) => {
      arrived.resolve();
      await release.promise;
      response.end('done');
    },
    { host, port: 0, advice },
  );
  const agent = new Agent({ keepAlive: true });
  const answering = ask(server.port, agent);
  await arrived.promise;
  const closing = server.close();
  await expect(ask(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  release.resolve();
  const answer = await answering;
  expect(await text(answer)).toBe('done');
  expect(answer.headers.connection).toBe('close');
  await closing;
  agent.destroy();
});

test('a connection that had begun to answer does not hold the end up once it is idle', async () => {
  const release = Promise.withResolvers<void>();
  const server = await listen(
    async (_, response) => {
      response.write('half ');
      await release.promise;
      response.end('whole');
    },
    { host, port: 0, advice },
  );
  const agent = new Agent({ keepAlive: true });
  const answer = await ask(server.port, agent);
  expect(answer.headers.connection).toBe('keep-alive');
  const closing = server.close();
  release.resolve();
  expect(await text(answer)).toBe('half whole');
  await closing;
  agent.destroy();
});

test('whoever takes longer than the patience is cut off', async () => {
  const server = await listen(() => undefined, { host, port: 0, advice });
  const asking = ask(server.port);
  asking.catch(() => undefined);
  await server.close(50);
  await expect(asking).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|ECONNREFUSED/) });
});
