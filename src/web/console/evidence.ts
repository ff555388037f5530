/** The files that decisions rest on, handed out to be saved. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { findEvidence } from '#src/registry/evidence.ts';
import type { OpenHouse } from '../house.ts';
import { decisionSightOf } from './shown-decisions.ts';
import { showConsole } from './visit.ts';

/** Opened by itself a file may load, run and send nothing, and has no origin. */
const policy = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'";

/** `GET /console/evidence/:digest`: a file to be saved. @throws {Refusal} `role_required`, `not_here` */
export async function downloadEvidence(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const { reach, sight } = await decisionSightOf(visit);
    const digest = String(ctx.params.digest);
    const reader = { actor: visit.account.id, reach, nodes: sight.nodes };
    const file = /^[\w-]{43}$/.test(digest) ? await findEvidence(visit.db, digest, reader) : undefined;
    if (!file) throw new Refusal('not_here', 'no such file, or it is not theirs to see');
    ctx.set('Content-Security-Policy', policy);
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
    ctx.set('Cache-Control', 'private, no-store');
    ctx.attachment(file.name);
    ctx.type = file.mediaType;
    ctx.body = file.content;
  });
}
