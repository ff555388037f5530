/**
 * An artifact is found by its id alone, whatever its kind, together with what stands behind it.
 *
 * Introspection does not know which kind of token it is asked for: one look must be enough (`oidc/statements.ts`,
 * `findArtifact`). The id is 256 random bits, so that no two kinds share one; who asks for another kind finds nothing. The
 * new columns are what that statement joins by: the subject, the session and the app's part of it.
 *
 * What the engine stores is read whole and never searched: `json` keeps it as it came, which costs a fifth less per token
 * than taking it apart and putting it together again.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table artifacts add column client_id text, add column group_id text, add column session_uid text,
      alter column payload type json;
    comment on column artifacts.client_id is 'personal: which app holds the code or token';
    comment on column artifacts.group_id is 'personal: under which of their names the app knows the person';
    comment on column artifacts.session_uid is 'not personal';
    alter table artifacts drop constraint artifacts_pkey, add primary key (shard, id_hash);
    update artifacts a set client_id = a.payload ->> 'clientId',
      group_id = (select c.subject_group_id from clients c where c.id = a.payload ->> 'clientId'),
      session_uid = case when a.payload ->> 'expiresWithSession' = 'true' then a.payload ->> 'sessionUid' end
    where a.grant_id is not null;
    alter table grants alter column payload type json;
    alter table sessions alter column payload type json;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table sessions alter column payload type jsonb;
    alter table grants alter column payload type jsonb;
    alter table artifacts drop constraint artifacts_pkey, add primary key (shard, kind, id_hash);
    alter table artifacts drop column client_id, drop column group_id, drop column session_uid,
      alter column payload type jsonb;
  `);
}
