// Checks manifests by Kubernetes' own schemas: kubernetes_check.js MODULES < objects as a JSON array. Prints what is
// wrong, a line each. Kubernetes' API server drops members that it does not know: here they are wrong. They are those
// that the check by the schema never looked at.
const path = require("path");
const models = process.argv[2];

function watched(value, where, unread) {
    if (value === null || typeof value !== "object")
        return value;
    const inner = Array.isArray(value) ? [] : {};
    for (const [key, member] of Object.entries(value)) {
        unread.add(where + "/" + key);
        inner[key] = watched(member, where + "/" + key, unread);
    }
    return new Proxy(inner, {
        get(target, key) {
            unread.delete(where + "/" + String(key));
            return Reflect.get(target, key);
        },
    });
}

function check(object) {
    const { validate } = require(path.join(models, "kubernetes-models/_schemas", object.schema));
    const unread = new Set();
    if (!validate(watched(object.manifest, "", unread)))
        for (const error of validate.errors)
            console.log(error.instancePath + ": " + (error.message || error.keyword));
    for (const key of unread)
        console.log(key + ": not known");
}

JSON.parse(require("fs").readFileSync(0, "utf8")).forEach(check);
