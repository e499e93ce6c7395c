// npm's qemu-qmp against a monitor: node qmp_client.js SOCKET. Writes what it was told as JSON, one line.
const QMP = require('qemu-qmp');

const client = new QMP();
const told = { events: [] };

for (const event of ['stop', 'resume', 'shutdown'])
    client.on(event, name => name && told.events.push(name)); // without a name it is the socket's own

function ask(command, parameters) {
    return new Promise((resolve, reject) => client.execute(command, parameters, (error, answer) =>
        error ? reject(error) : resolve(answer)));
}

function heard(event) {
    return new Promise(resolve => told.events.includes(event.toUpperCase()) ? resolve() :
        client.on(event, name => name && resolve()));
}

async function talk() {
    told.version = client.version;
    told.status = (await ask('query-status')).status;
    told.cpus = (await ask('query-cpus-fast')).length;
    told.memory = await ask('qom-get', { path: '/machine', property: 'memory' });
    told.refusal = await ask('query-balloon').catch(error => error.message);
    await ask('stop');
    await heard('stop');
    told.stopped = (await ask('query-status')).status;
    await ask('cont');
    await heard('resume');
    await ask('quit');
    await heard('shutdown');
    console.log(JSON.stringify(told));
    client.end();
}

client.connect(process.argv[2], error => {
    if (error)
        throw error;
    talk();
});
