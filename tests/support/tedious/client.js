// client.js PORT MODE CA-FILE CASE...: runs each case on a connection of its own and prints what it got
// as one line. MODE: off, on, strict. CASE: see cases.
'use strict';
const fs = require('fs');
const { Connection, Request, TYPES } = require('tedious');

const [port, mode, ca, ...names] = process.argv.slice(2);

const config = {
  server: 'localhost',
  authentication: {
    type: 'default',
    options: { userName: 'sa', password: process.env.TDS_PASSWORD || 'Passw0rd!' },
  },
  options: {
    port: Number(port),
    database: process.env.TDS_DATABASE || 'test',
    encrypt: mode === 'strict' ? 'strict' : mode === 'on',
    trustServerCertificate: false,
    cryptoCredentialsDetails: {
      ca: fs.readFileSync(ca),
      cert: process.env.TDS_CERT && fs.readFileSync(process.env.TDS_CERT),
      key: process.env.TDS_KEY && fs.readFileSync(process.env.TDS_KEY),
    },
    packetSize: Number(process.env.TDS_PACKET_SIZE || 4096),
    tdsVersion: process.env.TDS_VERSION || '7_4',
    connectTimeout: 20000,
    requestTimeout: 60000,
  },
};

function query(connection, sql, parameters = []) {
  return new Promise((resolve, reject) => {
    const rows = [];
    const request = new Request(sql, (error) => (error ? reject(error) : resolve(rows)));
    request.on('row', (columns) => rows.push(columns.map((column) => column.value)));
    for (const [key, type, value] of parameters) request.addParameter(key, type, value);
    if (parameters.length > 0) connection.execSql(request);
    else connection.execSqlBatch(request);
  });
}

function transaction(connection, verb) {
  return new Promise((resolve, reject) => {
    connection[verb]((error) => (error ? reject(error) : resolve()));
  });
}

const cases = {
  async literals(connection) {
    return query(connection, "SELECT 'x' AS a, N'ü' AS b, 1 AS c, 1.5 AS d, 2e0 AS e, NULL AS f " +
      "UNION ALL SELECT 'o''k', N'', -7, -2.5, 5e-1, NULL");
  },
  async parameters(connection) {
    return query(connection, 'SELECT @a AS a, @b AS b, @c AS c, @d AS d', [
      ['a', TYPES.Int, 42], ['b', TYPES.NVarChar, 'größe'], ['c', TYPES.Float, 1.5],
      ['d', TYPES.NVarChar, null]]);
  },
  async prepared(connection) {
    const rows = [];
    let done;
    const request = new Request('SELECT @a AS a', (error) => done(error));
    request.on('row', (columns) => rows.push(columns[0].value));
    request.addParameter('a', TYPES.Int);
    await new Promise((resolve) => { request.on('prepared', resolve); connection.prepare(request); });
    for (const a of [1, 2, 3])
      await new Promise((resolve, reject) => {
        done = (error) => (error ? reject(error) : resolve());
        connection.execute(request, { a });
      });
    return rows;
  },
  async rows(connection) {
    const rows = await query(connection, "SELECT n, 'abc' AS t FROM numbers(20000)");
    return [rows.length, rows[rows.length - 1]];
  },
  async large(connection) {
    const rows = await query(connection, "SELECT replicate(N'ü', 1000000) AS t");
    return [rows[0][0].length, new Set(rows[0][0]).size];
  },
  async largeRequest(connection) {
    const text = 'ab'.repeat(100000);
    const rows = await query(connection, `SELECT '${text}' AS t`);
    return rows[0][0] === text;
  },
  async cancel(connection) {
    // The message of PRINT comes before the wait.
    connection.once('infoMessage', () => connection.cancel());
    const code = await query(connection, "PRINT 'waiting'; WAITFOR DELAY '00:01:00'")
      .catch((error) => error.code);
    return [code, await query(connection, 'SELECT 1')];
  },
  async cancelAtOnce(connection) {
    const request = query(connection, "WAITFOR DELAY '00:01:00'").catch((error) => error.code);
    connection.cancel();
    return [await request, await query(connection, 'SELECT 1')];
  },
  async cancelRows(connection) {
    let rows = 0;
    const code = await new Promise((resolve) => {
      const request = new Request('SELECT n FROM numbers(50000000)', (error) => resolve(error.code));
      request.on('row', () => { if (++rows === 1000) connection.cancel(); });
      connection.execSqlBatch(request);
    });
    return [code, rows >= 1000 && rows < 50000000, await query(connection, 'SELECT 1')];
  },
  async syntax(connection) {
    const number = await query(connection, 'SELEKT 1').catch((error) => error.number);
    return [number, await query(connection, 'SELECT 1')];
  },
  async transaction(connection) {
    await transaction(connection, 'beginTransaction');
    const inside = await query(connection, 'SELECT @@TRANCOUNT');
    await transaction(connection, 'commitTransaction');
    return [inside, await query(connection, 'SELECT @@TRANCOUNT')];
  },
  async reset(connection) {
    await new Promise((resolve, reject) => {
      connection.reset((error) => (error ? reject(error) : resolve()));
    });
    return query(connection, 'SELECT db_name()');
  },
};

function run(name) {
  return new Promise((resolve) => {
    const connection = new Connection(config);
    let answer;
    connection.on('error', () => {});
    connection.on('end', () => resolve(answer));
    connection.connect(async (error) => {
      if (error) {
        answer = `failed: ${error.code} ${error.message}`;
        resolve(answer);
      } else {
        answer = await cases[name](connection).then(JSON.stringify,
          (failure) => `failed: ${failure.code || ''} ${failure.message}`);
      }
      connection.close();
    });
  });
}

(async () => {
  for (const name of names) console.log(await run(name));
})();
