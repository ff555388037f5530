/** The whole server as one visible list: pages in front, the protocol engine behind. */
import type { RequestListener } from 'node:http';
import Router, { type RouterMiddleware } from '@koa/router';
import Koa, { type Middleware } from 'koa';
import mount from 'koa-mount';
import { Refusal } from '#src/base/refusals.ts';
import { createVerifyBundle } from '#src/oidc/bundles.ts';
import { Engine } from '#src/oidc/engine.ts';
import { checkBegun } from '#src/oidc/interaction-cookies.ts';
import { Observations } from '#src/oidc/observations.ts';
import { accountClient, consoleClient } from '#src/oidc/own-clients.ts';
import { engineRoutes, type Provider } from '#src/oidc/provider.ts';
import { ReleaseNotes } from '#src/oidc/releases.ts';
import { leaveOutUnavailableApp } from '#src/oidc/sign-out.ts';
import { putBackInteractions } from '#src/oidc/storage/interactions.ts';
import { type Makers, MetadataError, noMakers, readMakers } from '#src/people/makers.ts';
import { createThrottles } from '#src/people/throttles.ts';
import { isAvailable, mayBeUsed } from '#src/registry/client-reach.ts';
import { changeConnectedApp, changeConnectedApps, showConnectedApp, showConnectedApps } from '#src/web/account/apps.ts';
import { changeAuthenticatorApp, showAuthenticatorApp } from '#src/web/account/authenticator-app.ts';
import { showServices } from '#src/web/account/catalogue.ts';
import { changeContacts, showContacts } from '#src/web/account/contacts.ts';
import { answerEnd, showEnd, showFrozen } from '#src/web/account/end.ts';
import { showHistory } from '#src/web/account/history.ts';
import { changePassword, showPassword } from '#src/web/account/password.ts';
import { sendReceipt, showReceipt } from '#src/web/account/receipts.ts';
import { changeRecoveryCodes, showRecoveryCodes } from '#src/web/account/recovery-codes.ts';
import { answerRelease, showOneRelease, showReleaseList } from '#src/web/account/releases.ts';
import { changeAccount, confirmAccount, returnToAccount, showAccount } from '#src/web/account.ts';
import { apiRouter, refuseUnknown } from '#src/web/api.ts';
import { showAgencies } from '#src/web/console/agencies.ts';
import { addAgency, changeAgency, showAgency, showNewAgency } from '#src/web/console/agency.ts';
import { answerApps, downloadApps, showApps } from '#src/web/console/apps.ts';
import { showAttempts } from '#src/web/console/attempts.ts';
import {
  answerBundles,
  sendAppBundle,
  showAppBundle,
  showBundle,
  showReceiveBundle,
  takeBundleIn,
  takeBundleOver,
} from '#src/web/console/bundles.ts';
import { answerCase, answerNewCase, showCase, showCases, showNewCase } from '#src/web/console/cases.ts';
import { answerClosures, showClosures } from '#src/web/console/closures.ts';
import { downloadArchitectureCsv, downloadArchitectureJson, showCoverage } from '#src/web/console/coverage.ts';
import { answerDecide, showDecide } from '#src/web/console/decide.ts';
import { answerBatch, showBatch } from '#src/web/console/decision-batches.ts';
import { answerAbout, sendDecisions, showAbout, showDecisions } from '#src/web/console/decisions.ts';
import { answerDeliveries, showDeliveries } from '#src/web/console/deliveries.ts';
import {
  answerDesk,
  answerDeskPerson,
  answerDeskSheet,
  showDesk,
  showDeskPerson,
  showDeskSheet,
} from '#src/web/console/desk.ts';
import {
  answerDeskReleases,
  answerReleasesOf,
  showDeskReleases,
  showReleasesOf,
} from '#src/web/console/desk-releases.ts';
import {
  answerFamilies,
  answerPair,
  downloadDuplicates,
  showDuplicates,
  showFamilies,
  showPair,
} from '#src/web/console/duplicates.ts';
import { answerEdit, showEdit } from '#src/web/console/edit-app.ts';
import { downloadEvents, showEvents } from '#src/web/console/events.ts';
import { downloadEvidence } from '#src/web/console/evidence.ts';
import { downloadFigures, showFigures } from '#src/web/console/figures.ts';
import { answerInventory, downloadInventory, showInventory } from '#src/web/console/inventory.ts';
import {
  answerImport,
  downloadMistakes,
  sendImport,
  showImport,
  showImports,
} from '#src/web/console/inventory-imports.ts';
import { answerMatches, showMatches } from '#src/web/console/inventory-matches.ts';
import { addRecord, answerRecord, showNewRecord, showRecord } from '#src/web/console/inventory-record.ts';
import { changeKeys, showKeys } from '#src/web/console/keys.ts';
import { changeMigration, showMigration } from '#src/web/console/migration.ts';
import { returnToConsole, showMine } from '#src/web/console/mine.ts';
import { registerApp, showNewApp, showStart } from '#src/web/console/new-app.ts';
import { showOverdue } from '#src/web/console/overdue.ts';
import { moveApp, showOverview } from '#src/web/console/overview.ts';
import { answerProduction, showProduction } from '#src/web/console/production.ts';
import { answerReports, showReports } from '#src/web/console/reports.ts';
import { answerReview, showReview, showReviews } from '#src/web/console/reviews.ts';
import { changeTeam, showTeam } from '#src/web/console/team.ts';
import { changeTesters, showTesters } from '#src/web/console/testers.ts';
import { changeTokens, showTokens } from '#src/web/console/tokens.ts';
import { changeVersion, showVersion, showVersions } from '#src/web/console/versions.ts';
import { answerContactConfirm, showContactConfirm } from '#src/web/contacts-confirm.ts';
import { PublicCoverage } from '#src/web/coverage.ts';
import { Documents } from '#src/web/documents.ts';
import { answerErrors, answerWith } from '#src/web/errors.ts';
import { formTargets } from '#src/web/frame.ts';
import { health } from '#src/web/health.ts';
import type { House, OpenHouse } from '#src/web/house.ts';
import { answerInteraction, showInteraction } from '#src/web/interaction.ts';
import { answerInvitation, showInvitation } from '#src/web/invitations.ts';
import { showLogo } from '#src/web/logos.ts';
import { checkOrigin, language } from '#src/web/middleware/browser.ts';
import { door } from '#src/web/middleware/door.ts';
import { securityHeaders } from '#src/web/middleware/headers.ts';
import { refuseOverload } from '#src/web/middleware/overload.ts';
import { requestLog } from '#src/web/middleware/request-log.ts';
import { unitOfWork } from '#src/web/middleware/unit-of-work.ts';
import { answerNotMe, showNotMe } from '#src/web/not-me.ts';
import { confirmLogout, loggedOut, showHelp, showHome, showPrivacy } from '#src/web/pages.ts';
import { postToGet } from '#src/web/post-to-get.ts';
import { answerReceiptCheck, sendReceiptKeys, showReceiptCheck } from '#src/web/receipts.ts';
import { answerRecoveryCancel, showRecoveryCancel } from '#src/web/recovery-cancel.ts';
import { answerRegistration, changeRegistration, endRegistration, showRegistration } from '#src/web/register.ts';
import { answerOutbox, showOutbox } from '#src/web/sandbox.ts';
import { answerSheet, showSheet } from '#src/web/sheet.ts';
import { answerSheetNotice, showSheetNotice } from '#src/web/sheet-notice.ts';
import { answerStage } from '#src/web/stage.ts';
import { assets } from '#src/web/static.ts';
import { answerWellKnown } from '#src/web/well-known.ts';
import { correctData, showCorrection } from './web/account/correct.ts';
import { downloadData, showData } from './web/account/data.ts';
import { countNotMade } from './web/middleware/not-made.ts';

export type { House } from '#src/web/house.ts';

/** An address and a method that are answered; `:name` and `*name` stand for what varies. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** A server ready to listen. */
export interface App {
  readonly handler: RequestListener;
  /** Everything that is answered, so that whoever must look at all of it forgets nothing. */
  readonly routes: readonly Route[];
  /** From now on `/readyz` says that no new traffic should come; what comes is still answered. */
  beginStop(): void;
}

/** Builds the server over what `main.ts` has opened. */
export async function createApp(house: House): Promise<App> {
  const state = { stopping: false };
  const open = openHouse(house, await openMakers(house));
  const documents = new Documents(open);
  const app = new Koa({ proxy: true });
  app.keys = house.keys.cookies;
  // Errors have been answered by then; what is left are connections that callers broke off.
  app.on('error', (error) => house.log.debug({ err: error }, 'a connection ended early'));

  app.use(health(house.database, state));
  app.use(door(house.config.issuer, house.config.trustedProxies));
  app.use(requestLog(house.log));
  app.use(securityHeaders(house.config.issuer));
  app.use(assets);
  app.use(refuseOverload());
  app.use(language(house.config.issuer));
  app.use(answerErrors(open));
  app.use(refuseMalformed);
  app.use(countNotMade(house.database));
  app.use(unitOfWork(house.database));
  const router = pages(open);
  app.use(unlessOfEngine(router));
  const api = apiRouter(open);
  app.use(api.routes() as unknown as Middleware);
  app.use(refuseUnknown(api));
  app.use(documents.keep);
  app.use(engine(open));
  const answer = app.callback();

  return {
    handler: (request, response) => documents.answer(request, response) || answer(request, response),
    routes: [...healthRoutes, ...routesOf(router), ...routesOf(api), ...engineRoutes],
    beginStop() {
      state.stopping = true;
    },
  };
}

/** What cannot be used is said in the log; nobody is kept out by it. */
async function openMakers({ config, log }: House): Promise<Makers> {
  if (!config.passkeyMetadata) return noMakers;
  try {
    return await readMakers(config.passkeyMetadata);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    log.error(`${error.message}. Until it is put right nobody reaches aal3 or phrh.`);
    return noMakers;
  }
}

function openHouse(house: House, makers: Makers): OpenHouse {
  const { config, clients } = house;
  const own = [accountClient, consoleClient].map((create) => create(config.issuer, config.brand));
  const findClient = (id: string) => {
    const itself = own.find((client) => client.id === id);
    if (itself) return itself;
    const client = clients.find(id);
    return client && mayBeUsed(client, config.mode) ? client : undefined;
  };
  const throttles = createThrottles(house.database, house.secrets, {
    enabled: config.rateLimits,
    limits: config.limits,
    redis: house.redis,
    onOutage: (err) => house.log.warn({ err }, 'limits: their store does not answer'),
  });
  const engine = new Engine({
    ...house,
    makers,
    findClient,
    observations: new Observations(house.database),
    releaseNotes: new ReleaseNotes(house.database),
    findResourceServer: (homeUri) => {
      const machine = clients.findMachine(homeUri);
      return machine && isAvailable(machine, config.mode) ? machine : undefined;
    },
    pages: {
      renderError: (ctx, error) => answerWith(ctx, open, error),
      confirmLogout: (ctx, form) => confirmLogout(ctx, open, form),
      loggedOut: (ctx, client) => loggedOut(ctx, open, client),
    },
  });
  const open: OpenHouse = {
    ...house,
    throttles,
    makers,
    verifyBundle: createVerifyBundle(house.config),
    get provider() {
      return engine.provider;
    },
  };
  return open;
}

/** One file per group of pages in `web/`; this table says which address leads where. */
function pages(house: OpenHouse): Router {
  const router = new Router();
  router.get('/', (ctx) => showHome(ctx, house));
  router.get('/help', (ctx) => showHelp(ctx, house));
  router.get('/privacy', (ctx) => showPrivacy(ctx, house));
  const coverage = new PublicCoverage(house);
  router.get('/receipts/verify', (ctx) => showReceiptCheck(ctx, house));
  router.post('/receipts/verify', (ctx) => answerReceiptCheck(ctx, house));
  router.get('/receipts/keys.json', (ctx) => sendReceiptKeys(ctx, house));
  router.get('/coverage', (ctx) => coverage.showPage(ctx));
  router.get('/coverage.csv', (ctx) => coverage.sendCsv(ctx));
  router.get('/coverage.json', (ctx) => coverage.sendJson(ctx));
  const begunHere: RouterMiddleware = (ctx, next) => {
    checkBegun(house, ctx, String(ctx.params.uid));
    return next();
  };
  router.get('/interaction/:uid', begunHere, (ctx) => showInteraction(ctx, house, String(ctx.params.uid)));
  router.post('/interaction/:uid', begunHere, (ctx) => answerInteraction(ctx, house, String(ctx.params.uid)));
  router.get('/authorize/:uid', begunHere, async (ctx, next) => {
    await next();
    await putBackInteractions(house, ctx.state.db);
  });
  router.get('/account', (ctx) => showAccount(ctx, house));
  router.post('/account', (ctx) => changeAccount(ctx, house));
  router.get('/account/authenticator-app', (ctx) => showAuthenticatorApp(ctx, house));
  router.post('/account/authenticator-app', (ctx) => changeAuthenticatorApp(ctx, house));
  router.get('/account/password', (ctx) => showPassword(ctx, house));
  router.post('/account/password', (ctx) => changePassword(ctx, house));
  router.get('/account/recovery-codes', (ctx) => showRecoveryCodes(ctx, house));
  router.post('/account/recovery-codes', (ctx) => changeRecoveryCodes(ctx, house));
  router.get('/account/contacts', (ctx) => showContacts(ctx, house));
  router.post('/account/contacts', (ctx) => changeContacts(ctx, house));
  router.get('/account/data', (ctx) => showData(ctx, house));
  router.get('/account/data.json', (ctx) => downloadData(ctx, house));
  router.get('/account/data/correct', (ctx) => showCorrection(ctx, house));
  router.post('/account/data/correct', (ctx) => correctData(ctx, house));
  router.get('/account/confirm', (ctx) => confirmAccount(ctx, house));
  router.get('/account/callback', (ctx) => returnToAccount(ctx, house));
  router.get('/account/end', (ctx) => showEnd(ctx, house));
  router.post('/account/end', (ctx) => answerEnd(ctx, house));
  router.get('/account/releases', (ctx) => showReleaseList(ctx, house));
  router.get('/account/releases/:release', (ctx) => showOneRelease(ctx, house));
  router.post('/account/releases/:release', (ctx) => answerRelease(ctx, house));
  router.get('/account/history', (ctx) => showHistory(ctx, house));
  router.get('/account/receipts/:permission.jws', (ctx) => sendReceipt(ctx, house, String(ctx.params.permission)));
  router.get('/account/receipts/:permission', (ctx) => showReceipt(ctx, house, String(ctx.params.permission)));
  router.get('/account/apps', (ctx) => showConnectedApps(ctx, house));
  router.post('/account/apps', (ctx) => changeConnectedApps(ctx, house));
  router.get('/account/apps/:client', (ctx) => showConnectedApp(ctx, house));
  router.post('/account/apps/:client', (ctx) => changeConnectedApp(ctx, house));
  router.get('/account/services', (ctx) => showServices(ctx, house));
  router.get('/account/frozen', (ctx) => showFrozen(ctx, house));
  router.get('/console', (ctx) => showMine(ctx, house));
  router.get('/console/apps', (ctx) => showApps(ctx, house));
  router.post('/console/apps', (ctx) => answerApps(ctx, house));
  router.get('/console/apps/new', (ctx) => showNewApp(ctx, house));
  router.post('/console/apps/new', (ctx) => registerApp(ctx, house));
  router.get('/console/apps/:client/edit', (ctx) => showEdit(ctx, house, String(ctx.params.client)));
  router.post('/console/apps/:client/edit', (ctx) => answerEdit(ctx, house, String(ctx.params.client)));
  router.get('/console/apps/:client/start', (ctx) => showStart(ctx, house, String(ctx.params.client)));
  router.get('/console/apps.csv', (ctx) => downloadApps(ctx, house));
  router.get('/console/inventory', (ctx) => showInventory(ctx, house));
  router.post('/console/inventory', (ctx) => answerInventory(ctx, house));
  router.get('/console/inventory.csv', (ctx) => downloadInventory(ctx, house));
  router.get('/console/inventory/new', (ctx) => showNewRecord(ctx, house));
  router.post('/console/inventory/new', (ctx) => addRecord(ctx, house));
  router.get('/console/inventory/matches', (ctx) => showMatches(ctx, house));
  router.post('/console/inventory/matches', (ctx) => answerMatches(ctx, house));
  router.get('/console/inventory/imports', (ctx) => showImports(ctx, house));
  router.post('/console/inventory/imports', (ctx) => sendImport(ctx, house));
  router.get('/console/inventory/imports/:import', (ctx) => showImport(ctx, house));
  router.post('/console/inventory/imports/:import', (ctx) => answerImport(ctx, house));
  router.get('/console/inventory/imports/:import/errors.csv', (ctx) => downloadMistakes(ctx, house));
  router.get('/console/inventory/:record', (ctx) => showRecord(ctx, house));
  router.post('/console/inventory/:record', (ctx) => answerRecord(ctx, house));
  router.get('/console/coverage', (ctx) => showCoverage(ctx, house));
  router.get('/console/coverage/architecture.csv', (ctx) => downloadArchitectureCsv(ctx, house));
  router.get('/console/coverage/architecture.json', (ctx) => downloadArchitectureJson(ctx, house));
  router.get('/console/decisions', (ctx) => showDecisions(ctx, house));
  router.post('/console/decisions', (ctx) => sendDecisions(ctx, house));
  router.get('/console/decisions/new', (ctx) => showDecide(ctx, house));
  router.post('/console/decisions/new', (ctx) => answerDecide(ctx, house));
  router.get('/console/decisions/about/:app', (ctx) => showAbout(ctx, house));
  router.post('/console/decisions/about/:app', (ctx) => answerAbout(ctx, house));
  router.get('/console/decisions/batches/:batch', (ctx) => showBatch(ctx, house));
  router.post('/console/decisions/batches/:batch', (ctx) => answerBatch(ctx, house));
  router.get('/console/evidence/:digest', (ctx) => downloadEvidence(ctx, house));
  router.get('/console/agencies', (ctx) => showAgencies(ctx, house));
  router.get('/console/agencies/new', (ctx) => showNewAgency(ctx, house));
  router.post('/console/agencies/new', (ctx) => addAgency(ctx, house));
  router.get('/console/agencies/:agency', (ctx) => showAgency(ctx, house));
  router.post('/console/agencies/:agency', (ctx) => changeAgency(ctx, house));
  router.get('/console/agencies/:agency/team', (ctx) => showTeam(ctx, house));
  router.post('/console/agencies/:agency/team', (ctx) => changeTeam(ctx, house));
  router.get('/console/duplicates', (ctx) => showDuplicates(ctx, house));
  router.get('/console/duplicates.csv', (ctx) => downloadDuplicates(ctx, house));
  router.get('/console/duplicates/families', (ctx) => showFamilies(ctx, house));
  router.post('/console/duplicates/families', (ctx) => answerFamilies(ctx, house));
  router.get('/console/duplicates/:low/:high', (ctx) => showPair(ctx, house));
  router.post('/console/duplicates/:low/:high', (ctx) => answerPair(ctx, house));
  router.get('/console/events', (ctx) => showEvents(ctx, house));
  router.get('/console/events.csv', (ctx) => downloadEvents(ctx, house));
  router.post('/bundles', (ctx) => answerBundles(ctx, house));
  router.get('/console/bundles', (ctx) => showReceiveBundle(ctx, house));
  router.post('/console/bundles', (ctx) => takeBundleIn(ctx, house));
  router.get('/console/bundles/:bundle', (ctx) => showBundle(ctx, house, String(ctx.params.bundle)));
  router.post('/console/bundles/:bundle', (ctx) => takeBundleOver(ctx, house, String(ctx.params.bundle)));
  router.get('/console/apps/:client/bundle', (ctx) => showAppBundle(ctx, house, String(ctx.params.client)));
  router.post('/console/apps/:client/bundle', (ctx) => sendAppBundle(ctx, house, String(ctx.params.client)));
  router.get('/console/apps/:client', (ctx) => showOverview(ctx, house));
  router.post('/console/apps/:client', (ctx) => moveApp(ctx, house));
  router.get('/console/apps/:client/production', (ctx) => showProduction(ctx, house));
  router.post('/console/apps/:client/production', (ctx) => answerProduction(ctx, house));
  router.get('/console/apps/:client/migration', (ctx) => showMigration(ctx, house));
  router.post('/console/apps/:client/migration', (ctx) => changeMigration(ctx, house));
  router.get('/console/apps/:client/attempts', (ctx) => showAttempts(ctx, house));
  router.get('/console/apps/:client/deliveries', (ctx) => showDeliveries(ctx, house));
  router.post('/console/apps/:client/deliveries', (ctx) => answerDeliveries(ctx, house));
  router.get('/console/apps/:client/figures', (ctx) => showFigures(ctx, house));
  router.get('/console/apps/:client/figures.csv', (ctx) => downloadFigures(ctx, house));
  router.get('/console/apps/:client/keys', (ctx) => showKeys(ctx, house, String(ctx.params.client)));
  router.post('/console/apps/:client/keys', (ctx) => changeKeys(ctx, house, String(ctx.params.client)));
  router.get('/console/agencies/:agency/tokens', (ctx) => showTokens(ctx, house, String(ctx.params.agency)));
  router.post('/console/agencies/:agency/tokens', (ctx) => changeTokens(ctx, house, String(ctx.params.agency)));
  router.get('/console/callback', (ctx) => returnToConsole(ctx));
  router.get('/console/apps/:client/reports', (ctx) => showReports(ctx, house));
  router.post('/console/apps/:client/reports', (ctx) => answerReports(ctx, house));
  router.get('/console/apps/:client/testers', (ctx) => showTesters(ctx, house));
  router.post('/console/apps/:client/testers', (ctx) => changeTesters(ctx, house));
  router.get('/console/apps/:client/versions', (ctx) => showVersions(ctx, house));
  router.get('/console/apps/:client/versions/:number', (ctx) => showVersion(ctx, house));
  router.post('/console/apps/:client/versions/:number', (ctx) => changeVersion(ctx, house));
  router.get('/console/cases', (ctx) => showCases(ctx, house));
  router.get('/console/cases/new', (ctx) => showNewCase(ctx, house));
  router.post('/console/cases/new', (ctx) => answerNewCase(ctx, house));
  router.get('/console/cases/:case', (ctx) => showCase(ctx, house));
  router.post('/console/cases/:case', (ctx) => answerCase(ctx, house));
  router.get('/console/overdue', (ctx) => showOverdue(ctx, house));
  router.get('/console/closures', (ctx) => showClosures(ctx, house));
  router.post('/console/closures', (ctx) => answerClosures(ctx, house));
  router.get('/console/reviews', (ctx) => showReviews(ctx, house));
  router.get('/console/reviews/:client/:number', (ctx) => showReview(ctx, house));
  router.post('/console/reviews/:client/:number', (ctx) => answerReview(ctx, house));
  router.get('/invitations/:token', (ctx) => showInvitation(ctx, house));
  router.post('/invitations/:token', (ctx) => answerInvitation(ctx, house));
  router.get('/apps/:client/migration', (ctx) => answerStage(ctx, house));
  router.get('/logos/:digest', (ctx) => showLogo(ctx, String(ctx.params.digest)));
  router.get('/not-me', (ctx) => showNotMe(ctx, house));
  router.post('/not-me', (ctx) => answerNotMe(ctx, house));
  router.get('/contacts/confirm', (ctx) => showContactConfirm(ctx, house));
  router.post('/contacts/confirm', (ctx) => answerContactConfirm(ctx, house));
  router.get('/console/desk', (ctx) => showDesk(ctx, house));
  router.post('/console/desk', (ctx) => answerDesk(ctx, house));
  router.get('/console/desk/person', (ctx) => showDeskPerson(ctx, house));
  router.post('/console/desk/person', (ctx) => answerDeskPerson(ctx, house));
  router.get('/console/desk/releases', (ctx) => showDeskReleases(ctx, house));
  router.post('/console/desk/releases', (ctx) => answerDeskReleases(ctx, house));
  router.get('/console/desk/releases/person', (ctx) => showReleasesOf(ctx, house));
  router.post('/console/desk/releases/person', (ctx) => answerReleasesOf(ctx, house));
  router.get('/console/desk/sheets/:sheet', (ctx) => showDeskSheet(ctx, house));
  router.post('/console/desk/sheets/:sheet', (ctx) => answerDeskSheet(ctx, house));
  router.get('/sheet', (ctx) => showSheet(ctx, house));
  router.post('/sheet', (ctx) => answerSheet(ctx, house));
  router.get('/sheet/notice', (ctx) => showSheetNotice(ctx, house));
  router.post('/sheet/notice', (ctx) => answerSheetNotice(ctx, house));
  router.get('/recovery/cancel', (ctx) => showRecoveryCancel(ctx, house));
  router.post('/recovery/cancel', (ctx) => answerRecoveryCancel(ctx, house));
  router.post('/register', (ctx) => answerRegistration(ctx, house));
  router.get('/register/:client', (ctx) => showRegistration(ctx, house));
  router.put('/register/:client', (ctx) => changeRegistration(ctx, house));
  router.delete('/register/:client', (ctx) => endRegistration(ctx, house));
  router.post('/authorize', (ctx) => postToGet(ctx));
  router.post('/logout', (ctx) => postToGet(ctx));
  for (const path of ['/logout', '/logout/success'])
    router.get(path, async (ctx, next) => {
      await leaveOutUnavailableApp(house.provider, ctx);
      return next();
    });
  // The engine compares the hidden token.
  router.post('/logout/confirm', (ctx, next) => {
    checkOrigin(ctx, house.config.issuer);
    return next();
  });
  router.get('/sandbox/outbox', (ctx) => showOutbox(ctx, house));
  router.get('/sandbox/outbox.json', (ctx) => answerOutbox(ctx, house));
  router.get('/.well-known/*rest', async (ctx, next) => {
    if (!answerWellKnown(ctx, house)) await next();
  });
  return router;
}

const healthRoutes: readonly Route[] = [
  { method: 'GET', path: '/livez' },
  { method: 'GET', path: '/readyz' },
];

function routesOf(router: Router): Route[] {
  return router.stack.flatMap(({ methods, path }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => ({ method, path: String(path) })),
  );
}

/** The pages' router, without asking it about what only the engine answers: it would try every page's pattern. */
function unlessOfEngine(router: Router): Middleware {
  const answer = router.routes() as unknown as Middleware;
  const pages = new Set(routesOf(router).map(({ method, path }) => `${method} ${path}`));
  const ofEngine = new Set(
    engineRoutes.map(({ method, path }) => `${method} ${path}`).filter((key) => !pages.has(key)),
  );
  return (ctx, next) => (ofEngine.has(`${ctx.method} ${ctx.path}`) ? next() : answer(ctx, next));
}

/** What no page and no endpoint can make sense of: a NUL, or bytes that are not UTF-8, in the address. */
const refuseMalformed: Middleware = (ctx, next) => {
  if (!ctx.url.includes('%') && !ctx.url.includes('\0')) return next();
  let address: string;
  try {
    address = decodeURIComponent(ctx.url);
  } catch (cause) {
    throw new Refusal('invalid_request', 'the address is not UTF-8', { cause });
  }
  if (address.includes('\0')) throw new Refusal('invalid_request', 'the address has a NUL');
  return next();
};

/**
 * The protocol engine. Its own pages (form_post, sign-out of an earlier account) post by a script, to the app or to us: so
 * their policy has to name the app, and to let us see our own origin. The engine adds its script's hash itself.
 */
function engine(house: OpenHouse): Middleware {
  const mounted = new WeakMap<Provider, Middleware>();
  const mountOnce = (provider: Provider): Middleware => {
    const run = mounted.get(provider) ?? mount('/', provider);
    mounted.set(provider, run);
    return run;
  };
  return async (ctx, next) => {
    await mountOnce(house.provider)(ctx, next);
    // Nobody sees the page of an answer that sends the browser on.
    if (ctx.status >= 300 && ctx.status < 400) return;
    if (!String(ctx.res.getHeader('Content-Type')).startsWith('text/html')) return;
    if (String(ctx.body).includes('<form')) ctx.set('Referrer-Policy', 'same-origin');
    const { client, params, entities } = ctx.oidc ?? {};
    const returnTo =
      params?.redirect_uri ?? params?.post_logout_redirect_uri ?? entities?.Interaction?.params.redirect_uri;
    const targets = formTargets(client, returnTo);
    const policy = ctx.response.get('Content-Security-Policy');
    ctx.set('Content-Security-Policy', policy.replace(/form-action [^;]*/, `form-action 'self' ${targets.join(' ')}`));
  };
}
