# SPDX-License-Identifier: MIT
"""tools/check-powers refuses a power in any room but the one that owns it.

MUST_BE_OWNED says again, by hand, what the table of the check says: a name that is dropped from
the table, or given to somebody else, fails here.
"""
import pytest

from conftest import tool_named, verdict

CHECK = "check-powers"
OTHER_ROOM = "src/probe/session.c"

MUST_BE_OWNED = {
    "src/core/clock.c": """
        clock_gettime clock_nanosleep gettimeofday time timespec_get pthread_getcpuclockid""",
    "src/core/synchrony.c": "adjtimex clock_adjtime ntp_adjtime",
    "src/core/random.c": "getrandom getentropy",
    "src/wire/mac.c": "dlopen dlmopen dlsym",
    "src/net/socket.c": """
        socket bind connect listen accept accept4 setsockopt getsockopt getsockname getpeername shutdown
        socketpair send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg""",
    "src/net/timestamp.c": "setsockopt getsockopt ioctl",
    "src/net/local.c": "socket bind connect listen accept4 setsockopt getsockopt sendmsg recvmsg unlink lstat fchmod",
    "src/net/inherited.c": "getsockopt",
    "src/net/address.c": "getifaddrs if_nametoindex",
    "src/net/loop.c": """
        epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect
        timerfd_create timerfd_settime signalfd eventfd eventfd_write""",
    "src/net/resolver.c": """
        getaddrinfo getnameinfo gethostbyname gethostbyname2_r fork execve waitpid kill _exit
        pthread_create pthread_join""",
    "src/report/text.c": """
        printf vprintf fprintf vfprintf dprintf vdprintf puts fputs putc putchar fputc fwrite
        write writev perror""",
    "src/report/record.c": "json_object json_string json_dumpb json_loads json_pack json_decref",
    "src/report/results.c": "json_loadb json_object_get json_array_get json_decref",
    "src/app/main.c": """
        printf write fopen open exit _exit abort quick_exit getenv secure_getenv setenv fork vfork
        execl execlp execle execv execvp execvpe execve execveat posix_spawn posix_spawnp
        waitpid kill sigaction pthread_create syscall prctl setrlimit""",
    "src/app/metrics.c": "MHD_start_daemon MHD_add_connection MHD_queue_response MHD_run",
    "src/net/privileges.c": "capset capget cap_set_proc cap_drop_bound capng_apply prctl",
    "src/net/fence.c": "landlock_create_ruleset landlock_add_rule landlock_restrict_self open syscall",
    "src/net/syscalls.c": "seccomp seccomp_init seccomp_load seccomp_rule_add",
    "src/relay/relay.c": "pthread_create pthread_join pthread_mutex_lock thrd_create",
    "src/base/parse.c": "strtol strtoll strtoul strtoull strtoimax strtod",
    None: """
        sqlite3_open sqlite3_prepare_v2 system popen sleep usleep nanosleep gets strcpy
        strcat sprintf vsprintf strtok alloca atoi atol atoll atof sscanf rand random srandom
        drand48""",
}
OWNED = [(owner, name) for owner, names in MUST_BE_OWNED.items() for name in names.split()]


TABLE = [(name, owners) for _, owners, names in tool_named(CHECK).powers() for name in names]


@pytest.mark.parametrize("pattern, owners", TABLE, ids=[pattern for pattern, _ in TABLE])
def test_each_pattern_refuses_and_lets_pass(house, pattern, owners):
    name = pattern.replace("*", "thing")
    longer = name + "s" if name == pattern else "un" + name
    offence = f"int f(void) {{ return {name}(1); }}\n"
    for owner in owners:
        house.put(owner + "room.c" if owner.endswith("/") else owner, offence)
    house.put("src/base/text.c", f"int my_{name}(int); int {longer}(int); int f(void) "
                                 f"{{ return my_{name}(1) + {longer}(2); }}\n")
    house.passes(CHECK)
    house.put(OTHER_ROOM, offence)
    house.refuses(CHECK, f"{OTHER_ROOM}:1:", f"'{name}'", *owners)


@pytest.mark.parametrize("owner, name", OWNED)
def test_what_must_be_owned_is_owned(house, owner, name):
    if owner:
        house.put(owner, f"int f(void) {{ return {name}(1); }}\n").passes(CHECK)
    house.put(OTHER_ROOM, f"int f(void) {{ return {name}(1); }}\n").refuses(CHECK, f"'{name}'")


@pytest.mark.parametrize("use", [
    "write(1, text, 2);",
    "write (1, text, 2);",
    "write\n(1, text, 2);",
    "(void)write(1, text, 2);",
    "(write)(1, text, 2);",
    "__builtin_printf(text);",
    "speak = write;",
    "speak = &write;",
    "speak = (speaker)write;",
    "speak = loud ? write : NULL;",
    "struct speaker s = { .speak = write };",
    "struct speaker s = { write, 1 };",
    "return write;",
    "register_speaker(write);",
    "register_speaker(loop, write, 1);",
    "say(text, stderr);",
    "/* quiet */ write(1, text, 2); /* write( */",
    "s = \"a \\\" b\"; write(1, text, 2);",
    "c = '\"'; write(1, text, 2); c = '\"';",
    "c = '\\''; write(1, text, 2); c = '\\'';",
    "\n#define speak write\n",
    "\n#define SPEAK(text) write(1, text, 2)\n",
    "\n#define SPEAK(text) \\\n\twrite(1, text, 2)\n",
    "\n#define HUSH(speak) speak = \\\n\twrite;\n",
])
def test_a_use_cannot_hide(house, use):
    house.put(OTHER_ROOM, f"void f(void)\n{{\n\t{use}\n}}\n").refuses(CHECK, f"{OTHER_ROOM}:")


@pytest.mark.parametrize("innocent", [
    "/* write(1, text, 2); */",
    "/* on\n * write(1, text, 2);\n */",
    "// write(1, text, 2);",
    "// goes on \\\n write(1, text, 2);",
    's = "write(1, text, 2);";',
    's = "a \\" write(1)";',
    "s = \"/*\"; t = \"*/ write(1)\";",
    "noun_write(1);",
    "schedule_select(1);",
    "writer(1);",
    "write_all(1);",
    "ops->send(channel);",
    "ops.send(channel);",
    "x = ops->write;",
    "struct ops o = { .send = udp_send };",
    "int (*send)(struct channel *channel);",
    "int (*write)(int);",
    "x = session.time;",
    "snprintf(buffer, sizeof(buffer), text);",
    "vsnprintf(buffer, sizeof(buffer), text, list);",
    "\n#include <poll.h>\n",
    "\n#include <sys/select.h>\n",
    "struct random *random = start; random_next(random); x = &random->state;",
    "int64_t time = 1; keep(time);",
    "__attribute__((format(printf, 1, 2))) void say(const char *, ...);",
])
def test_an_innocent_line_passes(house, innocent):
    house.put(OTHER_ROOM, f"void f(void)\n{{\n\t{innocent}\n}}\n").passes(CHECK)


def test_a_name_of_a_variable_does_not_excuse_a_call(house):
    house.put(OTHER_ROOM, "int f(int time)\n{\n\tkeep(time);\n\treturn time(0);\n}\n")
    house.refuses(CHECK, f"{OTHER_ROOM}:4:", "'time'")


def test_a_header_is_judged_like_its_room(house):
    house.put("src/core/clock.h", "static inline int f(void) { return clock_gettime(1); }\n")
    house.refuses(CHECK, "src/core/clock.h:1:")


def test_without_sources_nothing_is_said_to_be_well(house):
    (house.root / "src").rmdir()
    assert house.check(CHECK) == (2, [])


def test_the_verdict_is_the_exit_status(house):
    assert verdict(CHECK, house.root) == (0, [])
    house.put(OTHER_ROOM, "int f(void) { return rand(); }\n")
    assert verdict(CHECK, house.root)[0] == 1
