/** A wire between the provider and its database that can be cut, left hanging, and mended. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface TcpProxy extends AsyncDisposable {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Connections stay, or come about, and nothing passes through them any more. */
  stall(): void;
  /** As at first. What was cut stays cut; what was stalled is cut. */
  mend(): Promise<void>;
}

export async function openTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let stalled = false;
  const server = createServer((client) => {
    open.add(client);
    client.on('error', () => undefined).on('close', () => open.delete(client));
    if (stalled) return;
    const upstream = connect(target);
    open.add(upstream);
    upstream.on('error', () => undefined).on('close', () => open.delete(upstream));
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    client.pipe(upstream).pipe(client);
  });
  const endAll = () => {
    for (const socket of open) socket.destroy();
  };
  const port = await listenOn(server, 0);
  const close = async () => {
    endAll();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    port,
    cut: close,
    stall() {
      stalled = true;
      for (const socket of open) socket.unpipe().pause();
    },
    async mend() {
      stalled = false;
      endAll();
      if (!server.listening) await listenOn(server, port);
    },
    [Symbol.asyncDispose]: close,
  };
}

async function listenOn(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
