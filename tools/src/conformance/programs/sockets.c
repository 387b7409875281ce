/* Sockets, and what waits for many of them. */
#include "check.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

void check_descriptors(void) {
    int pair[2], pipes[2], received = -1;
    char byte = 'd', control[CMSG_SPACE(sizeof(int))] = "", text[8] = "";
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CALL(pipe(pipes));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &pipes[1], sizeof(int));
    EQUAL(CALL(sendmsg(pair[0], &message, 0)), 1);
    memset(control, 0, sizeof control);
    EQUAL(CALL(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC)), 1);
    header = CMSG_FIRSTHDR(&message);
    CHECK(header != NULL);
    EQUAL(header->cmsg_type, SCM_RIGHTS);
    memcpy(&received, CMSG_DATA(header), sizeof(int));
    CHECK(received != pipes[1]);
    EQUAL(write(received, "passed", 6), 6);
    EQUAL(read(pipes[0], text, 7), 6);
    EQUAL(strcmp(text, "passed"), 0);
}

void check_credentials(void) {
    int pair[2], on = 1;
    char byte = 'c', control[CMSG_SPACE(sizeof(struct ucred))] = "";
    struct ucred user;
    socklen_t size = sizeof user;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &user, &size));
    EQUAL(user.pid, getpid());
    EQUAL(user.uid, getuid());
    CALL(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    EQUAL(write(pair[0], "c", 1), 1);
    EQUAL(CALL(recvmsg(pair[1], &message, 0)), 1);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    CHECK(header != NULL);
    EQUAL(header->cmsg_type, SCM_CREDENTIALS);
    memcpy(&user, CMSG_DATA(header), sizeof user);
    EQUAL(user.pid, getpid());
    EQUAL(user.gid, getgid());
}

static struct sockaddr_in address = {.sin_family = AF_INET};

static int listening(int kind) {
    socklen_t size = sizeof address;
    int on = 1, server = CALL(socket(AF_INET, kind | SOCK_CLOEXEC, 0));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = 0;
    CALL(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    CALL(bind(server, (struct sockaddr *)&address, sizeof address));
    CALL(getsockname(server, (struct sockaddr *)&address, &size));
    CHECK(ntohs(address.sin_port) > 0);
    return server;
}

static void send_numbers(void) {
    int client = CALL(socket(AF_INET, SOCK_STREAM, 0)), on = 1;
    CALL(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    CALL(connect(client, (struct sockaddr *)&address, sizeof address));
    for (uint32_t number = 0; number < 20000; number++) {
        uint32_t sent = htonl(number * 2654435761u);
        EQUAL(CALL(send(client, &sent, 4, MSG_NOSIGNAL)), 4);
    }
    CALL(shutdown(client, SHUT_WR));
    char end;
    EQUAL(CALL(recv(client, &end, 1, 0)), 1);
}

void check_tcp(void) {
    int server = listening(SOCK_STREAM), error = -1;
    socklen_t size;
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    CALL(listen(server, 5));
    pid_t child = CALL(fork());
    if (child == 0) {
        send_numbers();
        _exit(0);
    }
    int client = CALL(accept4(server, (struct sockaddr *)&from, &from_size, SOCK_CLOEXEC));
    EQUAL(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    for (uint32_t number = 0; number < 20000; number++) {
        uint32_t received;
        EQUAL(CALL(recv(client, &received, 4, MSG_WAITALL)), 4);
        EQUAL(ntohl(received), (uint32_t)(number * 2654435761u));
    }
    size = sizeof error;
    CALL(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size));
    EQUAL(error, 0);
    EQUAL(CALL(send(client, "e", 1, 0)), 1);
    int status = 0;
    CALL(waitpid(child, &status, 0));
    EQUAL(status, 0);
}

void check_socket_timeout(void) {
    int server = listening(SOCK_DGRAM);
    struct timeval patience = {0, 200000}, read_back = {0, 0};
    socklen_t size = sizeof read_back;
    CALL(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
    CALL(getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &read_back, &size));
    EQUAL(read_back.tv_sec, 0);
    CHECK(read_back.tv_usec >= 200000 && read_back.tv_usec < 300000);
    char byte;
    double begun = seconds();
    REFUSED(recv(server, &byte, 1, 0), EAGAIN);
    CHECK(seconds() - begun >= 0.19);
}

void check_udp(void) {
    int server = listening(SOCK_DGRAM), client = CALL(socket(AF_INET, SOCK_DGRAM, 0));
    char first[16] = "", second[16] = "";
    struct iovec out[2] = {{"one", 3}, {"second", 6}}, in[2] = {{first, 15}, {second, 15}};
    struct mmsghdr sent[2] = {{.msg_hdr = {&address, sizeof address, &out[0], 1, NULL, 0, 0}},
                              {.msg_hdr = {&address, sizeof address, &out[1], 1, NULL, 0, 0}}};
    struct mmsghdr received[2] = {{.msg_hdr = {NULL, 0, &in[0], 1, NULL, 0, 0}}, {.msg_hdr = {NULL, 0, &in[1], 1, NULL, 0, 0}}};
    EQUAL(CALL(sendmmsg(client, sent, 2, 0)), 2);
    EQUAL(sent[1].msg_len, 6);
    EQUAL(CALL(recvmmsg(server, received, 2, 0, NULL)), 2);
    EQUAL(received[1].msg_len, 6);
    CHECK(strcmp(first, "one") == 0 && strcmp(second, "second") == 0);
}

void check_epoll(void) {
    int waiter = CALL(epoll_create1(EPOLL_CLOEXEC)), counter = CALL(eventfd(0, EFD_NONBLOCK)), pipes[2];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = UINT64_C(0x1122334455667788)}, got[4];
    uint64_t count = 0;
    CALL(pipe(pipes));
    CALL(epoll_ctl(waiter, EPOLL_CTL_ADD, counter, &event));
    event.events = EPOLLOUT | EPOLLET;
    event.data.u64 = UINT64_C(0x99aabbccddeeff00);
    CALL(epoll_ctl(waiter, EPOLL_CTL_ADD, pipes[1], &event));
    EQUAL(CALL(epoll_wait(waiter, got, 4, 1000)), 1);
    EQUAL(got[0].data.u64, (long long)UINT64_C(0x99aabbccddeeff00));
    EQUAL(got[0].events, EPOLLOUT);
    EQUAL(CALL(epoll_wait(waiter, got, 4, 0)), 0);
    count = 5;
    EQUAL(write(counter, &count, 8), 8);
    EQUAL(CALL(epoll_pwait(waiter, got, 4, 1000, NULL)), 1);
    EQUAL(got[0].data.u64, INT64_C(0x1122334455667788));
    EQUAL(read(counter, &count, 8), 8);
    EQUAL(count, 5);
    REFUSED(read(counter, &count, 8), EAGAIN);
    REFUSED(epoll_ctl(waiter, EPOLL_CTL_ADD, pipes[1], &event), EEXIST);
}

/* By netlink: the kernel's interfaces, of which each machine has the loopback one. */
void check_interfaces(void) {
    struct ifaddrs *all, *one;
    int found = 0;
    CALL(getifaddrs(&all));
    for (one = all; one; one = one->ifa_next)
        if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET &&
            ((struct sockaddr_in *)one->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK))
            found = 1;
    EQUAL(found, 1);
    freeifaddrs(all);
}

void check_unix_socket(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"}, read_back;
    socklen_t size = sizeof read_back;
    char text[8] = "";
    int server = CALL(socket(AF_UNIX, SOCK_SEQPACKET, 0)), client = CALL(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    CALL(bind(server, (struct sockaddr *)&name, sizeof name));
    CALL(listen(server, 1));
    CALL(connect(client, (struct sockaddr *)&name, sizeof name));
    int peer = CALL(accept(server, NULL, NULL));
    CALL(getpeername(client, (struct sockaddr *)&read_back, &size));
    EQUAL(strcmp(read_back.sun_path, "socket"), 0);
    EQUAL(CALL(send(client, "packet", 6, 0)), 6);
    struct pollfd wait = {.fd = peer, .events = POLLIN};
    EQUAL(CALL(poll(&wait, 1, 1000)), 1);
    EQUAL(CALL(recv(peer, text, 7, 0)), 6);
    CALL(close(client));
    EQUAL(CALL(poll(&wait, 1, 1000)), 1);
    CHECK(wait.revents & POLLHUP);
}
