/** Both sample apps beside a provider in sandbox, each with its four variables. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pajakDaerah } from './pajak-daerah/app.ts';
import { puskesmasOnline } from './puskesmas-online/app.ts';
import { createSampleApp, type Log, openServer, type SampleApp } from './sample-app.ts';

export interface SampleApps {
  /** Where people open them: health first, then tax. */
  urls: string[];
  /** Resolves when the requests under way are answered. */
  stop(): Promise<void>;
}

export interface SampleAppsOptions {
  issuer: string;
  /** The address to listen on; people open the apps by `http://localhost` all the same. */
  host: string;
  log?: Log;
  /** Instead of 3001 and 3002; 0 means any free one. */
  ports?: readonly [health: number, tax: number];
}

/**
 * Starts the sample apps. The provider may come up later: they ask it at the first sign-in.
 *
 * @throws when a port is taken: an error with `code: 'EADDRINUSE'` and `port`; nothing keeps running then
 */
export async function startSampleApps({ ports, ...options }: SampleAppsOptions): Promise<SampleApps> {
  const servers: Server[] = [];
  const stop = async () => {
    await Promise.all(servers.map(close));
  };
  try {
    servers.push(await startSampleApp(puskesmasOnline, ports?.[0], options));
    servers.push(await startSampleApp(pajakDaerah, ports?.[1], options));
  } catch (error) {
    await stop();
    throw error;
  }
  return { urls: servers.map(addressOf), stop };
}

async function startSampleApp(
  app: SampleApp,
  port: number | undefined,
  { issuer, host, log = () => undefined }: SampleAppsOptions,
): Promise<Server> {
  const server = await openServer(port ?? app.port, host);
  const url = addressOf(server);
  const settings = {
    issuer,
    clientId: app.clientId,
    clientSecret: `sandbox-${app.clientId}-secret-0123456789`,
    redirectUri: `${url}/callback`,
    signedOutUri: `${url}/signed-out`,
    scope: app.scope,
  };
  return server.on('request', createSampleApp(app, settings, log));
}

function addressOf(server: Server): string {
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
