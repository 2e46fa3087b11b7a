BEGIN TRANSACTION;
CREATE TABLE allowed_paths (app TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (app, path));
INSERT INTO "allowed_paths" VALUES('hello','/app/src/test/key.pem');
CREATE TABLE apps (
    name TEXT PRIMARY KEY, deploy_branch TEXT NOT NULL, live_release INTEGER, created REAL NOT NULL);
INSERT INTO "apps" VALUES('hello','refs/heads/main',4,1.79607906793726420399e+09);
INSERT INTO "apps" VALUES('other','refs/heads/master',NULL,1.79607906795163822172e+09);
CREATE TABLE clean_members (
    app TEXT NOT NULL, sha256 TEXT NOT NULL, rules TEXT NOT NULL, PRIMARY KEY (app, sha256));
INSERT INTO "clean_members" VALUES('hello','ab','rules');
CREATE TABLE config_vars (
    app TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (app, name));
INSERT INTO "config_vars" VALUES('hello','DATABASE_URL','postgres://u:clear-text-1@h/db?x=1');
INSERT INTO "config_vars" VALUES('hello','TOKEN','clear-text-2 "quoted"
Ü');
INSERT INTO "config_vars" VALUES('other','KEY','clear-text-3');
CREATE TABLE documents (
    app TEXT NOT NULL, slug TEXT NOT NULL, kind TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (app, slug, kind));
INSERT INTO "documents" VALUES('hello','0000000000000000000000000000000000000000000000000000000000000002','.sbom.json','cd');
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, app TEXT NOT NULL, kind TEXT NOT NULL,
    actor TEXT NOT NULL, details TEXT NOT NULL);
INSERT INTO "events" VALUES(1,1.79607906793729949e+09,'hello','app.created','','{"deploy_branch": "refs/heads/main"}');
INSERT INTO "events" VALUES(2,1.79607906795165348052e+09,'other','app.created','','{"deploy_branch": "refs/heads/master"}');
INSERT INTO "events" VALUES(3,1.7960790679521586895e+09,'hello','config.changed','ann','{"set": ["DATABASE_URL", "OLD"], "removed": []}');
INSERT INTO "events" VALUES(4,1.79607906795541071888e+09,'hello','config.changed','ann','{"set": ["TOKEN"], "removed": ["OLD"]}');
INSERT INTO "events" VALUES(5,1.79607906795939111714e+09,'other','config.changed','bob','{"set": ["KEY"], "removed": []}');
INSERT INTO "events" VALUES(6,1.79607906796347689629e+09,'hello','allowed_paths.changed','ann','{"added": ["/app/src/test/key.pem"], "removed": []}');
INSERT INTO "events" VALUES(7,1.79607906796560335164e+09,'hello','operation.announced','ann','{"operation": 1, "request": "deploy"}');
INSERT INTO "events" VALUES(8,1796079067.96915,'hello','operation.queued','ann','{"operation": 1}');
INSERT INTO "events" VALUES(9,1.79607906797171854975e+09,'hello','operation.running','ann','{"operation": 1}');
INSERT INTO "events" VALUES(10,1.7960790679732763767e+09,'hello','operation.failed','ann','{"operation": 1, "cause": "failed in \"npm ci\" (exit 1)"}');
INSERT INTO "events" VALUES(11,1.79607906797558832161e+09,'hello','operation.announced','ann','{"operation": 2, "request": "deploy"}');
INSERT INTO "events" VALUES(12,1.79607906797941112514e+09,'hello','operation.queued','ann','{"operation": 2}');
INSERT INTO "events" VALUES(13,1.79607906798354077337e+09,'hello','operation.running','ann','{"operation": 2}');
INSERT INTO "events" VALUES(14,1.79607906798836231224e+09,'hello','release.live','ann','{"release": 1, "operation": 2}');
INSERT INTO "events" VALUES(15,1.79607906798837089535e+09,'hello','operation.succeeded','ann','{"operation": 2, "release": 1}');
INSERT INTO "events" VALUES(16,1.79607906799152660369e+09,'hello','operation.announced','bob','{"operation": 3, "request": "deploy"}');
INSERT INTO "events" VALUES(17,1.79607906799542927744e+09,'hello','operation.queued','bob','{"operation": 3}');
INSERT INTO "events" VALUES(18,1.796079067999581337e+09,'hello','operation.running','bob','{"operation": 3}');
INSERT INTO "events" VALUES(19,1.7960790680010368824e+09,'hello','release.live','bob','{"release": 2, "operation": 3}');
INSERT INTO "events" VALUES(20,1.79607906800104427332e+09,'hello','operation.succeeded','bob','{"operation": 3, "release": 2}');
INSERT INTO "events" VALUES(21,1.79607906800347805024e+09,'hello','operation.announced','ann','{"operation": 4, "request": "deploy"}');
INSERT INTO "events" VALUES(22,1.79607906800744271283e+09,'hello','operation.queued','ann','{"operation": 4}');
INSERT INTO "events" VALUES(23,1.796079068011461258e+09,'hello','operation.announced','ann','{"operation": 5, "request": "deploy"}');
INSERT INTO "events" VALUES(24,1.7960790680154027939e+09,'hello','operation.queued','ann','{"operation": 5}');
INSERT INTO "events" VALUES(25,1.79607906801551413539e+09,'hello','operation.superseded','ann','{"operation": 4, "cause": "superseded by build 5 (0000000)"}');
INSERT INTO "events" VALUES(26,1.79607906801952362059e+09,'hello','operation.running','ann','{"operation": 5}');
INSERT INTO "events" VALUES(27,1.79607906802335929872e+09,'hello','release.live','ann','{"release": 3, "operation": 5}');
INSERT INTO "events" VALUES(28,1.79607906802337360377e+09,'hello','operation.succeeded','ann','{"operation": 5, "release": 3}');
INSERT INTO "events" VALUES(29,1.796079068027472496e+09,'hello','operation.announced','ann','{"operation": 6, "request": "deploy"}');
INSERT INTO "events" VALUES(30,1.79607906803146338469e+09,'hello','operation.queued','ann','{"operation": 6}');
INSERT INTO "events" VALUES(31,1.79607906803557443621e+09,'hello','operation.running','ann','{"operation": 6}');
INSERT INTO "events" VALUES(32,1.79607906803947734832e+09,'hello','operation.cancelled','ann','{"operation": 6, "cause": "cancelled by ann"}');
INSERT INTO "events" VALUES(33,1.79607906804350924497e+09,'hello','operation.queued','bob','{"operation": 7, "request": "rollback"}');
INSERT INTO "events" VALUES(34,1.79607906804752326009e+09,'hello','operation.running','bob','{"operation": 7}');
INSERT INTO "events" VALUES(35,1.79607906805123925214e+09,'hello','release.live','bob','{"release": 4, "operation": 7}');
INSERT INTO "events" VALUES(36,1.79607906805124640462e+09,'hello','operation.succeeded','bob','{"operation": 7, "release": 4}');
INSERT INTO "events" VALUES(37,1.7960790680554795265e+09,'hello','operation.announced','ann','{"operation": 8, "request": "deploy"}');
INSERT INTO "events" VALUES(38,1.79607906805585479737e+09,'hello','operation.queued','ann','{"operation": 8}');
INSERT INTO "events" VALUES(39,1.79607906806065297129e+09,'hello','operation.running','ann','{"operation": 8}');
INSERT INTO "events" VALUES(40,1.79607906806251287458e+09,'hello','operation.failed','ann','{"operation": 8, "cause": "no room"}');
INSERT INTO "events" VALUES(41,1.79607906806282067299e+09,'other','operation.announced','bob','{"operation": 9, "request": "deploy"}');
INSERT INTO "events" VALUES(42,1.79607906806417560573e+09,'other','operation.queued','bob','{"operation": 9}');
INSERT INTO "events" VALUES(43,1.79607906806754183772e+09,'other','operation.running','bob','{"operation": 9}');
INSERT INTO "events" VALUES(44,1.79607906806926274304e+09,'other','operation.queued','bob','{"operation": 9, "attempt": 2}');
INSERT INTO "events" VALUES(45,1.7960790680714290142e+09,'hello','operation.announced','ann','{"operation": 10, "request": "deploy"}');
CREATE TABLE operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL,
    actor TEXT NOT NULL, key TEXT NOT NULL, session TEXT NOT NULL DEFAULT '', state TEXT NOT NULL,
    cause TEXT NOT NULL DEFAULT '', attempt INTEGER NOT NULL DEFAULT 1, live INTEGER,
    created REAL NOT NULL, started REAL, finished REAL);
INSERT INTO "operations" VALUES(1,'hello','deploy','{"ref": "refs/heads/main", "old": "0000000000000000000000000000000000000000", "new": "0000000000000000000000000000000000000001", "options": []}','ann','SHA256:k','session-1','failed','failed in "npm ci" (exit 1)',1,NULL,1.79607906796547746658e+09,1.79607906797143793108e+09,1.796079067973120451e+09);
INSERT INTO "operations" VALUES(2,'hello','deploy','{"ref": "refs/heads/main", "old": "0000000000000000000000000000000000000001", "new": "0000000000000000000000000000000000000002", "options": []}','ann','SHA256:k','session-2','succeeded','',1,1,1.79607906797554469106e+09,1.79607906798341011994e+09,1.79607906798817205428e+09);
INSERT INTO "operations" VALUES(3,'hello','deploy','{"ref": "refs/heads/main", "old": "0000000000000000000000000000000000000002", "new": "0000000000000000000000000000000000000003", "options": []}','bob','SHA256:b','session-3','succeeded','',1,2,1.79607906799149179459e+09,1.79607906799941730502e+09,1.79607906800094985957e+09);
INSERT INTO "operations" VALUES(4,'hello','deploy','{"ref": "refs/heads/main", "old": "0000000000000000000000000000000000000003", "new": "0000000000000000000000000000000000000004", "options": []}','ann','SHA256:k','session-4','superseded','superseded by build 5 (0000000)',1,2,1.79607906800344419486e+09,NULL,1.79607906801544451712e+09);
INSERT INTO "operations" VALUES(5,'hello','deploy','{"ref": "refs/heads/main", "old": "0000000000000000000000000000000000000004", "new": "0000000000000000000000000000000000000005", "options": []}','ann','SHA256:k','session-5','succeeded','',1,3,1.79607906801142454145e+09,1.79607906801940345759e+09,1.79607906802323794362e+09);
INSERT INTO "operations" VALUES(6,'hello','deploy','{"ref": "refs/heads/main", "old": "0000000000000000000000000000000000000005", "new": "0000000000000000000000000000000000000006", "options": []}','ann','SHA256:k','session-6','cancelled','cancelled by ann',1,3,1.79607906802743816374e+09,1.79607906803541064267e+09,1.79607906803937244413e+09);
INSERT INTO "operations" VALUES(7,'hello','rollback','{"version": 1, "commit": "0000000000000000000000000000000000000002"}','bob','SHA256:b','','succeeded','',1,4,1.79607906804339742664e+09,1.79607906804740309709e+09,1.79607906805108857159e+09);
INSERT INTO "operations" VALUES(8,'hello','deploy','{"ref": "refs/heads/main", "old": "0000000000000000000000000000000000000006", "new": "0000000000000000000000000000000000000007", "options": []}','ann','SHA256:k','session-7','failed','no room',1,4,1.7960790680554413795e+09,1.7960790680595591068e+09,1.79607906806240963937e+09);
INSERT INTO "operations" VALUES(9,'other','deploy','{"ref": "refs/heads/master", "old": "0000000000000000000000000000000000000007", "new": "0000000000000000000000000000000000000008", "options": []}','bob','SHA256:b','session-8','queued','',2,NULL,1.7960790680627832413e+09,NULL,NULL);
INSERT INTO "operations" VALUES(10,'hello','deploy','{"ref": "refs/heads/main", "old": "0000000000000000000000000000000000000008", "new": "0000000000000000000000000000000000000009", "options": []}','ann','SHA256:k','session-9','announced','',1,NULL,1.7960790680713906288e+09,NULL,NULL);
CREATE TABLE releases (
    app TEXT NOT NULL, version INTEGER NOT NULL, operation INTEGER NOT NULL, state TEXT NOT NULL,
    description TEXT NOT NULL, commit_id TEXT NOT NULL, slug TEXT NOT NULL, processes TEXT NOT NULL,
    versions TEXT NOT NULL, config TEXT NOT NULL, created REAL NOT NULL, actor TEXT NOT NULL, key TEXT NOT NULL,
    buildpack TEXT NOT NULL, stack TEXT NOT NULL, PRIMARY KEY (app, version));
INSERT INTO "releases" VALUES('hello',1,2,'replaced','Deploy 0000000','0000000000000000000000000000000000000002','0000000000000000000000000000000000000000000000000000000000000002','{"web": "node server.js", "worker": "node w.js"}','{"Node.js": "22.11.0"}','{"DATABASE_URL": "postgres://u:clear-text-1@h/db?x=1", "TOKEN": "clear-text-2 \"quoted\"\n\u00dc"}',1.79607906798817205428e+09,'ann','SHA256:k','node','cedar-12');
INSERT INTO "releases" VALUES('hello',2,3,'replaced','Deploy 0000000','0000000000000000000000000000000000000003','0000000000000000000000000000000000000000000000000000000000000003','{"web": "node server.js", "worker": "node w.js"}','{"Node.js": "22.11.0"}','{"DATABASE_URL": "postgres://u:clear-text-1@h/db?x=1", "TOKEN": "clear-text-2 \"quoted\"\n\u00dc", "V": "clear-text-4"}',1.79607906800094985957e+09,'bob','SHA256:b','node','cedar-12');
INSERT INTO "releases" VALUES('hello',3,5,'replaced','Deploy 0000000','0000000000000000000000000000000000000005','0000000000000000000000000000000000000000000000000000000000000005','{"web": "node server.js", "worker": "node w.js"}','{"Node.js": "22.11.0"}','{"DATABASE_URL": "postgres://u:clear-text-1@h/db?x=1", "TOKEN": "clear-text-2 \"quoted\"\n\u00dc"}',1.79607906802323794362e+09,'ann','SHA256:k','node','cedar-12');
INSERT INTO "releases" VALUES('hello',4,7,'live','Rollback to v1','0000000000000000000000000000000000000002','0000000000000000000000000000000000000000000000000000000000000002','{"web": "node server.js", "worker": "node w.js"}','{"Node.js": "22.11.0"}','{"DATABASE_URL": "postgres://u:clear-text-1@h/db?x=1", "TOKEN": "clear-text-2 \"quoted\"\n\u00dc"}',1.79607906805108857159e+09,'bob','SHA256:b','node','cedar-12');
CREATE TABLE slugs (
    app TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (app, sha256));
INSERT INTO "slugs" VALUES('hello','0000000000000000000000000000000000000000000000000000000000000003',1003);
INSERT INTO "slugs" VALUES('hello','0000000000000000000000000000000000000000000000000000000000000005',1005);
INSERT INTO "slugs" VALUES('hello','0000000000000000000000000000000000000000000000000000000000000002',1002);
CREATE INDEX operations_by_app ON operations (app, number);
CREATE INDEX unfinished_operations ON operations (state) WHERE state IN ('announced', 'queued', 'running');
CREATE UNIQUE INDEX releases_by_operation ON releases (operation);
CREATE INDEX events_by_app ON events (app, number);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',45);
INSERT INTO "sqlite_sequence" VALUES('operations',10);
COMMIT;
PRAGMA user_version = 3;
