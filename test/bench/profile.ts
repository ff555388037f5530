/** Where a running Node.js server spends its time: a CPU profile taken through its inspector, for as long as asked. */
import { HttpConnection } from './http-connection.ts';

/** What the inspector answers with (`Profiler.Profile` of the DevTools protocol). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

const SAMPLE_EVERY_US = 250;

/** Profiles the server whose inspector listens on `port` while `work` runs. */
export async function profileDuring<T>(
  port: number,
  work: () => Promise<T>,
): Promise<{ result: T; profile: CpuProfile }> {
  const inspector = await Inspector.open(port);
  try {
    await inspector.ask('Profiler.enable');
    await inspector.ask('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
    await inspector.ask('Profiler.start');
    const result = await work();
    const { profile } = (await inspector.ask('Profiler.stop')) as { profile: CpuProfile };
    return { result, profile };
  } finally {
    inspector.close();
  }
}

class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (id !== undefined) this.#waiting.get(id)?.(result);
    });
  }

  static async open(port: number): Promise<Inspector> {
    const connection = await HttpConnection.open(port);
    const { body } = await connection.send({ method: 'GET', path: '/json/list' });
    connection.close();
    const [first] = JSON.parse(body) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(first?.webSocketDebuggerUrl ?? '');
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('the inspector does not answer')));
    });
    return new Inspector(socket);
  }

  ask(method: string, params: object = {}): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/** One function and its part of all samples in which anything ran. */
export interface Busy {
  readonly name: string;
  readonly place: string;
  /** 0 to 1. */
  readonly share: number;
}

/** The functions that a profile found running most often themselves, the busiest first. Idle time does not count. */
export function busiest({ nodes, samples, timeDeltas }: CpuProfile, count: number): Busy[] {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map<string, { name: string; place: string; time: number }>();
  let total = 0;
  samples.forEach((id, index) => {
    const frame = byId.get(id);
    if (!frame || frame.functionName === '(idle)') return;
    const time = timeDeltas[index] ?? 0;
    total += time;
    const name = frame.functionName || '(anonymous)';
    const place = placeOf(frame);
    const entry = times.get(`${name} ${place}`) ?? { name, place, time: 0 };
    times.set(`${name} ${place}`, { ...entry, time: entry.time + time });
  });
  const sorted = [...times.values()].sort((one, other) => other.time - one.time);
  return sorted.slice(0, count).map(({ name, place, time }) => ({ name, place, share: time / total }));
}

/** From the package or the checkout on, with the line. */
function placeOf({ url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (!url) return '';
  const path = /(?:node_modules\/|\/(?=(?:src|views|clients)\/))(.*)$/.exec(url)?.[1] ?? url;
  return `${path}:${lineNumber + 1}`;
}
