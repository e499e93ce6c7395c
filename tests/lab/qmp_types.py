"""Answers and events of QMP against the schema that query-qmp-schema told."""

BUILTIN = {"str": str, "int": int, "bool": bool, "number": (int, float), "null": type(None), "any": object}


class Schema:
    """What a monitor says that it takes and gives."""

    def __init__(self, infos):
        self.commands = {info["name"]: info for info in infos if info["meta-type"] == "command"}
        self.events = {info["name"]: info for info in infos if info["meta-type"] == "event"}
        self.types = {info["name"]: info for info in infos if info["meta-type"] not in ("command", "event")}

    def check_return(self, command, value):
        self.check(self.commands[command]["ret-type"], value, command)

    def check_arguments(self, command, value):
        self.check(self.commands[command]["arg-type"], value, f"{command}()")

    def check_event(self, event):
        self.check(self.events[event["event"]]["arg-type"], event.get("data", {}), event["event"])

    def check(self, name, value, where):
        """Raises AssertionError unless `value` is of that type."""
        info = self.types[name]
        getattr(self, "check_" + info["meta-type"])(info, value, where)

    def check_builtin(self, info, value, where):
        kind = BUILTIN[info["name"]]
        right = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        assert right, f"{where}: {value!r} is no {info['name']}"

    def check_enum(self, info, value, where):
        assert value in info["values"], f"{where}: {value!r} is none of {info['values']}"

    def check_array(self, info, value, where):
        assert isinstance(value, list), f"{where}: {value!r} is no list"
        for index, element in enumerate(value):
            self.check(info["element-type"], element, f"{where}[{index}]")

    def check_alternate(self, info, value, where):
        for member in info["members"]:
            try:
                self.check(member["type"], value, where)
                return
            except AssertionError:
                continue
        raise AssertionError(f"{where}: {value!r} is none of the kinds that it can be")

    def members(self, info, value):
        """Those of an object, with what the word in its tag brings."""
        yield from info["members"]
        for variant in info.get("variants", []):
            if value.get(info["tag"]) == variant["case"]:
                yield from self.members(self.types[variant["type"]], value)

    def check_object(self, info, value, where):
        assert isinstance(value, dict), f"{where}: {value!r} is no object"
        members = list(self.members(info, value))
        for member in members:
            if member["name"] in value:
                self.check(member["type"], value[member["name"]], f"{where}.{member['name']}")
            else:
                assert "default" in member, f"{where} lacks {member['name']}"
        unknown = value.keys() - {member["name"] for member in members}
        assert not unknown, f"{where} has {unknown}"
