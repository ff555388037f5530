import { appPage as ownAppPage, appSamples as ownAppSamples } from '#views/account/app.ts';
import { appsPage as ownAppsPage, appsSamples as ownAppsSamples } from '#views/account/apps.ts';
import { authenticatorAppPage, authenticatorAppSamples } from '#views/account/authenticator-app.ts';
import { servicesPage, servicesSamples } from '#views/account/catalogue.ts';
import { contactsPage, contactsSamples } from '#views/account/contacts.ts';
import { correctPage, correctSamples } from '#views/account/correct.ts';
import { dataPage, dataSamples } from '#views/account/data.ts';
import { endPage, endSamples } from '#views/account/end.ts';
import { historyPage, historySamples } from '#views/account/history.ts';
import { passwordPage, passwordSamples } from '#views/account/password.ts';
import { receiptPage, receiptSamples } from '#views/account/receipt.ts';
import {
  recoveryCodesPage,
  recoveryCodesSamples,
  recoverySheetPage,
  recoverySheetSamples,
} from '#views/account/recovery-codes.ts';
import { releasePage, releaseSamples } from '#views/account/release.ts';
import { releasesPage, releasesSamples } from '#views/account/releases.ts';
import { accountPage, accountSamples } from '#views/account.ts';
import { codePage, codeSamples } from '#views/code.ts';
import { consentPage, consentSamples } from '#views/consent.ts';
import { agenciesPage, agenciesSamples } from '#views/console/agencies.ts';
import {
  agencyOverviewPage,
  agencyOverviewSamples,
  newAgencyPage,
  newAgencySamples,
  trialAgencyPage,
  trialAgencySamples,
} from '#views/console/agency.ts';
import { appsPage, appsSamples } from '#views/console/apps.ts';
import { attemptsPage, attemptsSamples } from '#views/console/attempts.ts';
import {
  appBundlePage,
  appBundleSamples,
  bundlePage,
  bundleSamples,
  receiveBundlePage,
  receiveBundleSamples,
} from '#views/console/bundle.ts';
import { casePage, caseSamples, casesPage, casesSamples, newCasePage, newCaseSamples } from '#views/console/cases.ts';
import { closuresPage, closuresSamples } from '#views/console/closures.ts';
import { consoleCoveragePage, consoleCoverageSamples } from '#views/console/coverage.ts';
import { batchPage, batchSamples } from '#views/console/decision-batch.ts';
import {
  aboutPage,
  aboutSamples,
  decidePage,
  decideSamples,
  decisionsPage,
  decisionsSamples,
} from '#views/console/decisions.ts';
import { deliveriesPage, deliveriesSamples } from '#views/console/deliveries.ts';

import { deskPage, deskPersonPage, deskPersonSamples, deskSamples } from '#views/console/desk.ts';
import {
  deskReleasesOfPage,
  deskReleasesOfSamples,
  deskReleasesPage,
  deskReleasesSamples,
} from '#views/console/desk-releases.ts';
import { deskSheetPage, deskSheetSamples } from '#views/console/desk-sheet.ts';
import { duplicatesPage, duplicatesSamples } from '#views/console/duplicates.ts';
import { editPage, editPreviewPage, editPreviewSamples, editSamples } from '#views/console/edit.ts';
import { eventsPage, eventsSamples } from '#views/console/events.ts';
import { familiesPage, familiesSamples, familyPage, familySamples } from '#views/console/families.ts';
import { figuresPage, figuresSamples } from '#views/console/figures.ts';
import { inventoryPage, inventorySamples } from '#views/console/inventory.ts';
import { importPage, importSamples, importsPage, importsSamples } from '#views/console/inventory-imports.ts';
import { matchesPage, matchesSamples } from '#views/console/inventory-matches.ts';
import { newRecordPage, newRecordSamples, recordPage, recordSamples } from '#views/console/inventory-record.ts';
import { keysPage, keysSamples } from '#views/console/keys.ts';
import { migrationPage, migrationSamples } from '#views/console/migration.ts';
import { minePage, mineSamples } from '#views/console/mine.ts';
import { newAppPage, newAppSamples } from '#views/console/new-app.ts';
import { overduePage, overdueSamples } from '#views/console/overdue.ts';
import { overviewPage, overviewSamples } from '#views/console/overview.ts';
import { pairPage, pairSamples } from '#views/console/pair.ts';
import { productionPage, productionSamples } from '#views/console/production.ts';
import { reportsPage, reportsSamples } from '#views/console/reports.ts';
import { reviewPage, reviewSamples, reviewsPage, reviewsSamples } from '#views/console/reviews.ts';
import { startPage, startSamples } from '#views/console/start.ts';
import { teamPage, teamSamples } from '#views/console/team.ts';
import { testersPage, testersSamples } from '#views/console/testers.ts';
import { tokensPage, tokensSamples } from '#views/console/tokens.ts';
import { versionPage, versionSamples, versionsPage, versionsSamples } from '#views/console/versions.ts';
import {
  contactConfirmedPage,
  contactConfirmedSamples,
  contactConfirmPage,
  contactConfirmSamples,
} from '#views/contacts-confirm.ts';
import { coveragePage, coverageSamples } from '#views/coverage.ts';
import { endedPage, endedSamples } from '#views/ended.ts';
import { errorPage, errorSamples } from '#views/error.ts';
import { helpPage, helpSamples, privacyPage, privacySamples } from '#views/help.ts';
import { homePage, homeSamples, sandboxHomePage, sandboxHomeSamples } from '#views/home.ts';
import type { Html } from '#views/html.ts';
import { identityNeededPage, identityNeededSamples } from '#views/identity-needed.ts';
import { invitationPage, invitationSamples, testerPage, testerSamples } from '#views/invitation.ts';
import { type Language, languages } from '#views/locale.ts';
import { frozenPage, frozenSamples, notMePage, notMeSamples } from '#views/not-me.ts';
import { openAgainPage, openAgainSamples } from '#views/open-again.ts';
import { outboxPage, outboxSamples } from '#views/outbox.ts';
import type { Frame } from '#views/page.ts';
import { passkeyOfferPage, passkeyOfferSamples } from '#views/passkey-offer.ts';
import { receiptCheckPage, receiptCheckSamples } from '#views/receipts.ts';
import { recoveryPage, recoverySamples } from '#views/recovery.ts';
import {
  recoveryCancelPage,
  recoveryCancelSamples,
  recoveryEndedPage,
  recoveryEndedSamples,
} from '#views/recovery-cancel.ts';
import { recoveryNewWayPage, recoveryNewWaySamples } from '#views/recovery-new-way.ts';
import { recoveryPasswordPage, recoveryPasswordSamples } from '#views/recovery-password.ts';
import { recoveryWaysPage, recoveryWaysSamples } from '#views/recovery-ways.ts';
import { secondFactorPage, secondFactorSamples } from '#views/second-factor.ts';
import {
  sheetCodePage,
  sheetCodeSamples,
  sheetDonePage,
  sheetDoneSamples,
  sheetEndedPage,
  sheetEndedSamples,
  sheetNoticePage,
  sheetNoticeSamples,
  sheetPasskeyPage,
  sheetPasskeySamples,
  sheetWaitPage,
  sheetWaitSamples,
} from '#views/sheet.ts';
import { signInPage, signInSamples } from '#views/sign-in.ts';
import { signedOutPage, signedOutSamples, signOutPage, signOutSamples } from '#views/sign-out.ts';
import { signUpPage, signUpSamples } from '#views/sign-up.ts';
import { signUpNamePage, signUpNameSamples } from '#views/sign-up-name.ts';
import { trialOnlyPage, trialOnlySamples } from '#views/trial-only.ts';

/** One page in one state and one language. */
export type RenderedPage = { page: string; sample: string; language: Language; markup: string };

/** Renders every page from each of its samples in both languages, for tests and for screenshots. */
export function renderEveryPage(): RenderedPage[] {
  return [
    ...render('sign-in', signInPage, signInSamples),
    ...render('sign-up', signUpPage, signUpSamples),
    ...render('code', codePage, codeSamples),
    ...render('second-factor', secondFactorPage, secondFactorSamples),
    ...render('sign-up-name', signUpNamePage, signUpNameSamples),
    ...render('passkey-offer', passkeyOfferPage, passkeyOfferSamples),
    ...render('recovery', recoveryPage, recoverySamples),
    ...render('recovery-password', recoveryPasswordPage, recoveryPasswordSamples),
    ...render('recovery-ways', recoveryWaysPage, recoveryWaysSamples),
    ...render('recovery-new-way', recoveryNewWayPage, recoveryNewWaySamples),
    ...render('recovery-cancel', recoveryCancelPage, recoveryCancelSamples),
    ...render('recovery-ended', recoveryEndedPage, recoveryEndedSamples),
    ...render('contact-confirm', contactConfirmPage, contactConfirmSamples),
    ...render('contact-confirmed', contactConfirmedPage, contactConfirmedSamples),
    ...render('console-app-bundle', appBundlePage, appBundleSamples),
    ...render('console-receive-bundle', receiveBundlePage, receiveBundleSamples),
    ...render('console-bundle', bundlePage, bundleSamples),
    ...render('console-keys', keysPage, keysSamples),
    ...render('console-tokens', tokensPage, tokensSamples),
    ...render('console-reports', reportsPage, reportsSamples),
    ...render('console-desk', deskPage, deskSamples),
    ...render('console-desk-person', deskPersonPage, deskPersonSamples),
    ...render('console-desk-releases', deskReleasesPage, deskReleasesSamples),
    ...render('console-desk-releases-of', deskReleasesOfPage, deskReleasesOfSamples),
    ...render('console-desk-sheet', deskSheetPage, deskSheetSamples),
    ...render('sheet-code', sheetCodePage, sheetCodeSamples),
    ...render('sheet-wait', sheetWaitPage, sheetWaitSamples),
    ...render('sheet-passkey', sheetPasskeyPage, sheetPasskeySamples),
    ...render('sheet-done', sheetDonePage, sheetDoneSamples),
    ...render('sheet-notice', sheetNoticePage, sheetNoticeSamples),
    ...render('sheet-ended', sheetEndedPage, sheetEndedSamples),
    ...render('receipt', receiptPage, receiptSamples),
    ...render('receipt-check', receiptCheckPage, receiptCheckSamples),
    ...render('consent', consentPage, consentSamples),
    ...render('identity-needed', identityNeededPage, identityNeededSamples),
    ...render('sign-out', signOutPage, signOutSamples),
    ...render('signed-out', signedOutPage, signedOutSamples),
    ...render('ended', endedPage, endedSamples),
    ...render('console-decisions', decisionsPage, decisionsSamples),
    ...render('console-decide', decidePage, decideSamples),
    ...render('console-decisions-about', aboutPage, aboutSamples),
    ...render('console-decision-batch', batchPage, batchSamples),
    ...render('error', errorPage, errorSamples),
    ...render('account', accountPage, accountSamples),
    ...render('history', historyPage, historySamples),
    ...render('data', dataPage, dataSamples),
    ...render('correct', correctPage, correctSamples),
    ...render('connected-apps', ownAppsPage, ownAppsSamples),
    ...render('connected-app', ownAppPage, ownAppSamples),
    ...render('services', servicesPage, servicesSamples),
    ...render('releases', releasesPage, releasesSamples),
    ...render('release', releasePage, releaseSamples),
    ...render('not-me', notMePage, notMeSamples),
    ...render('frozen', frozenPage, frozenSamples),
    ...render('account-end', endPage, endSamples),
    ...render('password', passwordPage, passwordSamples),
    ...render('authenticator-app', authenticatorAppPage, authenticatorAppSamples),
    ...render('recovery-codes', recoveryCodesPage, recoveryCodesSamples),
    ...render('recovery-sheet', recoverySheetPage, recoverySheetSamples),
    ...render('contacts', contactsPage, contactsSamples),
    ...render('console-migration', migrationPage, migrationSamples),
    ...render('console-mine', minePage, mineSamples),
    ...render('console-new-app', newAppPage, newAppSamples),
    ...render('console-start', startPage, startSamples),
    ...render('console-overview', overviewPage, overviewSamples),
    ...render('console-production', productionPage, productionSamples),
    ...render('console-attempts', attemptsPage, attemptsSamples),
    ...render('console-deliveries', deliveriesPage, deliveriesSamples),
    ...render('console-figures', figuresPage, figuresSamples),
    ...render('console-edit', editPage, editSamples),
    ...render('console-edit-preview', editPreviewPage, editPreviewSamples),
    ...render('console-apps', appsPage, appsSamples),
    ...render('console-agencies', agenciesPage, agenciesSamples),
    ...render('console-inventory', inventoryPage, inventorySamples),
    ...render('console-inventory-record', recordPage, recordSamples),
    ...render('console-inventory-new', newRecordPage, newRecordSamples),
    ...render('console-inventory-imports', importsPage, importsSamples),
    ...render('console-inventory-import', importPage, importSamples),
    ...render('console-inventory-matches', matchesPage, matchesSamples),
    ...render('console-events', eventsPage, eventsSamples),
    ...render('console-versions', versionsPage, versionsSamples),
    ...render('console-version', versionPage, versionSamples),
    ...render('console-testers', testersPage, testersSamples),
    ...render('console-duplicates', duplicatesPage, duplicatesSamples),
    ...render('console-duplicates-pair', pairPage, pairSamples),
    ...render('console-duplicates-families', familiesPage, familiesSamples),
    ...render('console-duplicates-family', familyPage, familySamples),
    ...render('console-cases', casesPage, casesSamples),
    ...render('console-overdue', overduePage, overdueSamples),
    ...render('console-case', casePage, caseSamples),
    ...render('console-new-case', newCasePage, newCaseSamples),
    ...render('console-closures', closuresPage, closuresSamples),
    ...render('console-reviews', reviewsPage, reviewsSamples),
    ...render('console-review', reviewPage, reviewSamples),
    ...render('console-agency', agencyOverviewPage, agencyOverviewSamples),
    ...render('console-agency-new', newAgencyPage, newAgencySamples),
    ...render('console-agency-trial', trialAgencyPage, trialAgencySamples),
    ...render('console-team', teamPage, teamSamples),
    ...render('invitation', invitationPage, invitationSamples),
    ...render('invitation-tester', testerPage, testerSamples),
    ...render('trial-only', trialOnlyPage, trialOnlySamples),
    ...render('open-again', openAgainPage, openAgainSamples),
    ...render('outbox', outboxPage, outboxSamples),
    ...render('home', homePage, homeSamples),
    ...render('sandbox-home', sandboxHomePage, sandboxHomeSamples),
    ...render('console-coverage', consoleCoveragePage, consoleCoverageSamples),
    ...render('coverage', coveragePage, coverageSamples),
    ...render('help', helpPage, helpSamples),
    ...render('privacy', privacyPage, privacySamples),
  ];
}

function render<Context extends Frame>(
  page: string,
  show: (context: Context) => Html,
  samples: Record<string, Context>,
): RenderedPage[] {
  return Object.entries(samples).flatMap(([sample, context]) =>
    languages.map((language) => ({ page, sample, language, markup: String(show({ ...context, language })) })),
  );
}
