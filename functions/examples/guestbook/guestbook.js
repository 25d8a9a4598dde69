// SPDX-License-Identifier: Apache-2.0
// A guestbook for AWS Lambda behind an HTTP API, in PostgreSQL. Each instance keeps its connection between invocations.
'use strict';

const { Client } = require('pg');

let connected;

function database() {
  connected ??= connect().catch((error) => {
    connected = undefined;
    throw error;
  });
  return connected;
}

async function connect() {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  // The server ends it: the next invocation makes another.
  client.on('error', () => {
    connected = undefined;
  });
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS guests (id serial PRIMARY KEY, name text NOT NULL)');
  return client;
}

exports.handler = async (event, context) => {
  // The connection is still open when the response is ready.
  context.callbackWaitsForEmptyEventLoop = false;
  const client = await database();
  if (event.requestContext.http.method === 'POST') {
    const { name } = JSON.parse(event.body);
    const { rows } = await client.query('INSERT INTO guests (name) VALUES ($1) RETURNING *', [name]);
    return { statusCode: 201, body: JSON.stringify(rows[0]) };
  }
  const { rows } = await client.query('SELECT * FROM guests ORDER BY id');
  return rows;
};
