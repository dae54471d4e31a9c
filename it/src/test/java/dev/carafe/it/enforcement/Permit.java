package dev.carafe.it.enforcement;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.ThrowInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * How a method that refuses is made one that permits: it is left as it is but for one thing. Each
 * change is counted, because one that changes nothing would show nothing.
 */
sealed interface Permit {
  ClassDesc VOID = ClassDesc.ofDescriptor("V");
  ClassDesc STRING = ClassDesc.of("java.lang.String");

  /** A value that can be had without knowing anything. */
  record Value(String type, Consumer<CodeBuilder> load) {
    static final Value NOTHING = new Value("V", code -> {});
    static final Value TRUE = new Value("Z", CodeBuilder::iconst_1);
    static final Value FALSE = new Value("Z", CodeBuilder::iconst_0);
    static final Value ZERO = new Value("I", CodeBuilder::iconst_0);
    static final Value NULL = new Value("", CodeBuilder::aconst_null);
    static final Value THIS = new Value("", code -> code.aload(0));
    static final Value NO_OPTIONAL = factory("java.util.Optional", "empty", false);
    static final Value NO_LIST = factory("java.util.List", "of", true);

    /** A new one of a class below {@code dev.carafe}. */
    static Value made(String name) {
      ClassDesc type = ClassDesc.of("dev.carafe." + name);
      return new Value(
          "", code -> code.new_(type).dup().invokespecial(type, "<init>", MethodTypeDesc.of(VOID)));
    }

    /** A constant of an enum below {@code dev.carafe}. */
    static Value constant(String name, String constant) {
      ClassDesc type = ClassDesc.of("dev.carafe." + name);
      return new Value(type.descriptorString(), code -> code.getstatic(type, constant, type));
    }

    /** What a method of {@link Permissive} gives. */
    static Value of(String method, String type) {
      return new Value(
          type,
          code ->
              code.invokestatic(
                  Permissive.class.describeConstable().orElseThrow(),
                  method,
                  MethodTypeDesc.ofDescriptor("()" + type)));
    }

    /** What a field of the object has. */
    static Value field(String owner, String name, String type) {
      return new Value(
          "",
          code ->
              code.aload(0)
                  .getfield(ClassDesc.of("dev.carafe." + owner), name, ClassDesc.of(type)));
    }

    private static Value factory(String name, String method, boolean onInterface) {
      ClassDesc type = ClassDesc.of(name);
      return new Value(
          type.descriptorString(),
          code -> code.invokestatic(type, method, MethodTypeDesc.of(type), onInterface));
    }

    /** Whether a method that returns this type may return it; verification sees to the rest. */
    private boolean is(ClassDesc returned) {
      return type.isEmpty() ? !returned.isPrimitive() : returned.descriptorString().equals(type);
    }
  }

  /** Whether a method can be changed this way. */
  default boolean fits(MethodModel method) {
    return method.code().isPresent();
  }

  /** What changes a method, and counts its changes. */
  MethodTransform in(MethodModel method, AtomicInteger changes);

  /** The method does nothing else than to answer this. */
  static Permit answer(Value value) {
    return new Answer(value);
  }

  /** The one or the other, whichever a method can answer. */
  static Permit answer(Value value, Value other) {
    return new Either(new Answer(value), new Answer(other));
  }

  /** The method answers with one of its parameters, counted from 0. */
  static Permit giveBack(int parameter) {
    return new GiveBack(parameter);
  }

  /** The same, but only when the first parameter is a text that begins with this. */
  static Permit giveBack(int parameter, String when) {
    return new GiveBackWhen(parameter, when);
  }

  /**
   * What the method throws with words that have this text in them it does not throw; it goes on.
   */
  static Permit silence(String text) {
    return new Silence(text);
  }

  /** Where the method calls another of that name, it goes on with this answer instead. */
  static Permit call(String name, Value value) {
    return new Call(name, value);
  }

  /** The number in the method is another. */
  static Permit number(long is, long becomes) {
    return new Number(is, becomes);
  }

  /** The text in the method is another. */
  static Permit text(String is, String becomes) {
    return new Text(is, becomes);
  }

  /** See {@link #answer}. */
  record Answer(Value value) implements Permit {
    @Override
    public boolean fits(MethodModel method) {
      return Permit.super.fits(method) && value.is(method.methodTypeSymbol().returnType());
    }

    @Override
    public MethodTransform in(MethodModel method, AtomicInteger changes) {
      return body(
          changes,
          code -> {
            value.load().accept(code);
            code.return_(TypeKind.from(method.methodTypeSymbol().returnType()));
          });
    }
  }

  /** See {@link #answer(Value, Value)}. */
  record Either(Permit one, Permit other) implements Permit {
    @Override
    public boolean fits(MethodModel method) {
      return one.fits(method) || other.fits(method);
    }

    @Override
    public MethodTransform in(MethodModel method, AtomicInteger changes) {
      return (one.fits(method) ? one : other).in(method, changes);
    }
  }

  /** See {@link #giveBack}. */
  record GiveBack(int parameter) implements Permit {
    @Override
    public boolean fits(MethodModel method) {
      MethodTypeDesc type = method.methodTypeSymbol();
      return Permit.super.fits(method)
          && parameter < type.parameterCount()
          && type.parameterType(parameter).equals(type.returnType());
    }

    @Override
    public MethodTransform in(MethodModel method, AtomicInteger changes) {
      TypeKind kind = TypeKind.from(method.methodTypeSymbol().returnType());
      return body(
          changes, code -> code.loadLocal(kind, code.parameterSlot(parameter)).return_(kind));
    }
  }

  /** See {@link #giveBack(int, String)}. */
  record GiveBackWhen(int parameter, String when) implements Permit {
    @Override
    public boolean fits(MethodModel method) {
      return new GiveBack(parameter).fits(method)
          && method.methodTypeSymbol().parameterType(0).equals(STRING);
    }

    @Override
    public MethodTransform in(MethodModel method, AtomicInteger changes) {
      TypeKind kind = TypeKind.from(method.methodTypeSymbol().returnType());
      return MethodTransform.transformingCode(
          new CodeTransform() {
            @Override
            public void atStart(CodeBuilder code) {
              changes.incrementAndGet();
              Label other = code.newLabel();
              code.aload(code.parameterSlot(0))
                  .loadConstant(when)
                  .invokevirtual(
                      STRING, "startsWith", MethodTypeDesc.of(ClassDesc.ofDescriptor("Z"), STRING))
                  .ifeq(other)
                  .loadLocal(kind, code.parameterSlot(parameter))
                  .return_(kind)
                  .labelBinding(other);
            }

            @Override
            public void accept(CodeBuilder code, CodeElement element) {
              code.with(element);
            }
          });
    }
  }

  /** See {@link #silence}. */
  record Silence(String text) implements Permit {
    @Override
    public MethodTransform in(MethodModel method, AtomicInteger changes) {
      Map<Integer, Optional<Label>> unsaid = unsaid(method.code().orElseThrow().elementList());
      int[] at = {-1};
      return code(
          (code, element) -> {
            Optional<Label> next = unsaid.get(++at[0]);
            if (next == null) {
              code.with(element);
              return;
            }
            changes.incrementAndGet();
            code.pop();
            next.ifPresent(code::goto_);
          });
    }

    /**
     * The places where those words are thrown, and for each, where the code goes on when nothing is
     * wrong: where the last jump before it leads that leads past it; else just behind it.
     */
    private Map<Integer, Optional<Label>> unsaid(List<CodeElement> elements) {
      Map<Label, Integer> labels = new HashMap<>();
      for (int i = 0; i < elements.size(); i++) {
        if (elements.get(i) instanceof LabelTarget target) {
          labels.put(target.label(), i);
        }
      }
      Map<Integer, Optional<Label>> unsaid = new HashMap<>();
      for (int said = 0; said < elements.size(); said++) {
        if (elements.get(said) instanceof ConstantInstruction constant
            && constant.constantValue() instanceof String words
            && words.contains(text)) {
          int thrown = said;
          while (!(elements.get(thrown) instanceof ThrowInstruction)) {
            thrown++;
          }
          int place = thrown;
          unsaid.put(
              place,
              elements.subList(0, said).reversed().stream()
                  .filter(BranchInstruction.class::isInstance)
                  .map(jump -> ((BranchInstruction) jump).target())
                  .filter(target -> labels.get(target) > place)
                  .findFirst());
        }
      }
      return unsaid;
    }
  }

  /** See {@link #call}. */
  record Call(String name, Value value) implements Permit {
    @Override
    public MethodTransform in(MethodModel method, AtomicInteger changes) {
      return code(
          (code, element) -> {
            if (element instanceof InvokeInstruction call
                && call.name().equalsString(name)
                && value.is(call.typeSymbol().returnType())) {
              changes.incrementAndGet();
              for (ClassDesc type : call.typeSymbol().parameterList().reversed()) {
                if (TypeKind.from(type).slotSize() == 2) {
                  code.pop2();
                } else {
                  code.pop();
                }
              }
              if (call.opcode() != Opcode.INVOKESTATIC) {
                code.pop();
              }
              value.load().accept(code);
            } else {
              code.with(element);
            }
          });
    }
  }

  /** See {@link #number}. */
  record Number(long is, long becomes) implements Permit {
    @Override
    public MethodTransform in(MethodModel method, AtomicInteger changes) {
      return code(
          (code, element) -> {
            if (element instanceof ConstantInstruction constant
                && constant.constantValue() instanceof Integer value
                && value == is) {
              changes.incrementAndGet();
              code.loadConstant((int) becomes);
            } else if (element instanceof ConstantInstruction constant
                && constant.constantValue() instanceof Long value
                && value == is) {
              changes.incrementAndGet();
              code.loadConstant(becomes);
            } else {
              code.with(element);
            }
          });
    }
  }

  /** See {@link #text}. */
  record Text(String is, String becomes) implements Permit {
    @Override
    public MethodTransform in(MethodModel method, AtomicInteger changes) {
      return code(
          (code, element) -> {
            if (element instanceof ConstantInstruction constant
                && Objects.equals(constant.constantValue(), is)) {
              changes.incrementAndGet();
              code.loadConstant(becomes);
            } else {
              code.with(element);
            }
          });
    }
  }

  private static MethodTransform code(CodeChange change) {
    return MethodTransform.transformingCode(
        new CodeTransform() {
          @Override
          public void accept(CodeBuilder code, CodeElement element) {
            change.accept(code, element);
          }
        });
  }

  private static MethodTransform body(AtomicInteger changes, Writing writing) {
    return (builder, element) -> {
      if (element instanceof CodeModel) {
        changes.incrementAndGet();
        builder.withCode(writing::write);
      } else {
        builder.with(element);
      }
    };
  }

  /** Passes an element of a method's code on, or something else. */
  interface CodeChange {
    void accept(CodeBuilder code, CodeElement element);
  }

  /** Writes a method's code. */
  interface Writing {
    void write(CodeBuilder code);
  }
}
