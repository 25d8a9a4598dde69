import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

// An event is a POST with the attributes of a CloudEvent in its headers. 2xx: done, the body is an
// output event; 4xx: it cannot be done; 5xx: it is tried again.
async function handleEvent(request, response) {
  const person = await json(request);
  if (!person.name) return answer(response, 422, { error: 'this person has no name' });
  answer(response, 200, { greeting: `Hello, ${person.name}!` });
}

// What comes by a route is the client's own request.
function handleRequest(request, response) {
  const { searchParams } = new URL(request.url, 'http://localhost');
  answer(response, 200, { greeting: `Hello, ${searchParams.get('name') ?? 'world'}!` });
}

createServer((request, response) => {
  if (!request.headers['ce-id']) return handleRequest(request, response);
  handleEvent(request, response).catch((error) => answer(response, 500, { error: error.message }));
}).listen(process.env.PORT);
